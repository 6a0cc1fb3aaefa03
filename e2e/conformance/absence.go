package conformance

import (
	"context"
	"net/http"
	"slices"
	"testing"
)

// request is one that the resource does not claim to answer, and the status that it must get.
type request struct {
	verb, subresource string
	method            string
	parts             []string
	query             map[string]string
	want              int
}

// Methods by verb: those for a collection, for an object, and for its subresource.
var (
	collectionMethods = map[string]string{"create": http.MethodPost, "list": http.MethodGet, "deletecollection": http.MethodDelete}
	namedMethods      = map[string]string{"get": http.MethodGet, "update": http.MethodPut, "patch": http.MethodPatch, "delete": http.MethodDelete}
	partMethods       = map[string]string{"get": http.MethodGet, "update": http.MethodPut, "patch": http.MethodPatch, "delete": http.MethodDelete, "create": http.MethodPost}
)

// missing lists a request for each verb that the resource does not have. Where it has another verb for the same path, the method
// is not allowed there; where it has none, the path does not exist (k8s.io/apiserver/pkg/endpoints, APIInstaller).
func (r Resource) missing() []request {
	var missing []request
	add := func(subresource string, has []string, methods map[string]string, parts ...string) {
		want := http.StatusNotFound
		if slices.ContainsFunc(has, func(verb string) bool { return methods[verb] != "" }) {
			want = http.StatusMethodNotAllowed
		}
		for verb, method := range methods {
			if !slices.Contains(has, verb) {
				missing = append(missing, request{verb: verb, subresource: subresource, method: method, parts: parts, want: want})
			}
		}
	}
	add("", r.Verbs, collectionMethods)
	add("", r.Verbs, namedMethods, "absent")
	for name, has := range r.Subresources {
		add(name, has, partMethods, "absent", name)
	}
	for _, name := range []string{"status", "scale", "nosuchsubresource"} {
		if _, ok := r.Subresources[name]; !ok {
			add(name, nil, partMethods, "absent", name)
		}
	}
	if !r.Can("watch") {
		want := http.StatusNotFound
		if r.Can("list") || r.Can("create") || r.Can("deletecollection") {
			want = http.StatusMethodNotAllowed
		}
		for _, query := range []map[string]string{
			{},
			{"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"},
		} {
			// One that is there after all must not go on for ever.
			query["watch"], query["timeoutSeconds"] = "true", "1"
			missing = append(missing, request{verb: "watch", method: http.MethodGet, query: query, want: want})
		}
	}
	return missing
}

// assessAbsence adds an assessment that the verbs of a subresource, or of the resource itself if that is empty, are refused, as
// far as they are not claimed; without verbs, that all are.
func (tr *trial) assessAbsence(subresource string, verbs ...string) {
	tr.assess("what is not advertised is not there", func(ctx context.Context, t *testing.T) {
		for _, request := range tr.missing() {
			if request.subresource == subresource && (len(verbs) == 0 || slices.Contains(verbs, request.verb)) {
				tr.expectAbsent(ctx, t, request)
			}
		}
	})
}

func (tr *trial) expectAbsent(ctx context.Context, t *testing.T, request request) {
	t.Helper()
	sent := tr.raw(request.method, request.parts...)
	for name, value := range request.query {
		sent.Param(name, value)
	}
	if request.method != http.MethodGet {
		sent.SetHeader("Content-Type", "application/json").Body([]byte("{}"))
	}
	var code int
	if err := sent.Do(ctx).StatusCode(&code).Error(); err == nil || code != request.want {
		t.Errorf("%s of %v %v: status %d and %v, want status %d", request.method, request.parts, request.query, code, err, request.want)
	}
}
