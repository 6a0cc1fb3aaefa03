package conformance

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/e2e-framework/pkg/envconf"
)

// answerTimeout is how long a server may think about a malformed request. None of them is a watch that was accepted.
const answerTimeout = 30 * time.Second

// Malformed sends requests that no honest client sends, each to the resource and to a built-in one of the same scope, and expects
// the same answer: status code, reason, message and warnings, but for the names of the two. Where a resource lacks what the
// built-in one has, as custom resources lack strategic merge patches, the answers can't be compared: then it claims nothing.
func Malformed(r Resource) Feature {
	claimed := r.Can("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch") &&
		r.Has("status", "get", "patch", "update") && r.StrategicMerge && r.Unconditional
	tr := try(r, "Malformed", claimed)
	if !claimed {
		return tr.Feature
	}
	builtIn := &trial{Resource: builtInLike(r)}
	tr.Feature.Builder.Setup(func(ctx context.Context, t *testing.T, _ *envconf.Config) context.Context {
		builtIn.Session = tr.Session
		if !r.Namespaced {
			t.Cleanup(func() { builtIn.clean(ctx) })
		}
		return ctx
	})
	for _, part := range []struct {
		what     string
		requests func(victim) []malformed
		// since is the version of Kubernetes since which built-in resources answer as servers of the present one do.
		since string
	}{
		{"bodies", victim.malformedBodies, ""},
		{"metadata", victim.malformedMetadata, "1.37"},
		{"numbers", victim.malformedNumbers, "1.37"},
		{"encodings", victim.malformedEncodings, ""},
		{"patches", victim.malformedPatches, "1.37"},
		{"applied configurations", victim.malformedApplies, "1.37"},
		{"names and namespaces", victim.malformedNames, ""},
		{"queries", victim.malformedQueries, "1.37"},
		{"methods", victim.malformedMethods, ""},
	} {
		tr.assess("malformed "+part.what, func(ctx context.Context, t *testing.T) {
			if part.since != "" {
				tr.Since(ctx, t, part.since, "the answer of built-in resources to malformed "+part.what+" that is compared with")
			}
			tr.target(ctx, t)
			builtIn.target(ctx, t)
			theirs, requests := part.requests(victim{builtIn, t}), part.requests(victim{tr, t})
			t.Logf("%d requests", len(requests))
			for i, request := range requests {
				if request.name != theirs[i].name {
					t.Fatalf("%q is compared with %q", request.name, theirs[i].name)
				}
				// What is longest, and longer, Metadata checks.
				if tr.MaxName > 0 && request.nameLength > tr.MaxName {
					continue
				}
				want, got := builtIn.send(ctx, t, theirs[i]), tr.send(ctx, t, request)
				if request.loosely {
					want.Message, got.Message = "", ""
				}
				if diff := gocmp.Diff(want, got); diff != "" {
					t.Errorf("%s: %s answers otherwise than %s (-want +got):\n%s", request.name, tr.Resource, builtIn.Resource, diff)
				}
			}
			// Whatever it was sent, it works.
			tr.get(ctx, t, "target")
		})
	}
	return tr.Feature
}

// horizontalPodAutoscalers and flowSchemas are the built-in resources that others are compared with: with spec and status, a
// number that may change, and the strategies of most built-in ones.
var (
	horizontalPodAutoscalers = Resource{
		GVR:        schema.GroupVersionResource{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"},
		Kind:       "HorizontalPodAutoscaler",
		Singular:   "horizontalpodautoscaler",
		Namespaced: true,
		Verbs:      []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"},
		Sample:     `spec: {maxReplicas: 4, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: absent}}`,
		Change:     Field{Path: []string{"spec", "maxReplicas"}, Value: int64(8)},
	}
	flowSchemas = Resource{
		GVR:      schema.GroupVersionResource{Group: "flowcontrol.apiserver.k8s.io", Version: "v1", Resource: "flowschemas"},
		Kind:     "FlowSchema",
		Singular: "flowschema",
		Verbs:    []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"},
		Sample:   `spec: {matchingPrecedence: 9000, priorityLevelConfiguration: {name: workload-low}}`,
		Change:   Field{Path: []string{"spec", "matchingPrecedence"}, Value: int64(8000)},
	}
)

// builtInLike is the one of them that has the scope of a resource.
func builtInLike(r Resource) Resource {
	if r.Namespaced {
		return horizontalPodAutoscalers
	}
	return flowSchemas
}

// malformed is a request that is sent as it is.
type malformed struct {
	name   string
	method string
	// at is what comes after the collection in the URL, escaped: "/target/status". Where in is not empty, it stands for the
	// namespace.
	at, in string
	query  string
	header map[string][]string
	body   string
	// loosely is true where the message tells of fields that kinds don't have in common.
	loosely bool
	// nameLength is that of the name of the object, where it is what is tried.
	nameLength int
}

// reply is what came back, in words that hold for all resources.
type reply struct {
	Code     int
	Reason   metav1.StatusReason
	Message  string
	Warnings []string
}

// target makes the object that requests are about, unless it is there.
func (tr *trial) target(ctx context.Context, t *testing.T) {
	t.Helper()
	if _, err := tr.objects().Get(ctx, tr.named("target"), metav1.GetOptions{}); err != nil {
		tr.create(ctx, t, "target")
	}
}

// send sends a request once, and follows no redirect.
func (tr *trial) send(ctx context.Context, t *testing.T, m malformed) reply {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	path := "/" + strings.Join(tr.path(cmp.Or(m.in, tr.Namespace)), "/") + m.at
	request, err := http.NewRequestWithContext(ctx, m.method, strings.TrimSuffix(tr.Config.Host, "/")+path, strings.NewReader(m.body))
	if err != nil {
		t.Fatalf("%s: %v", m.name, err)
	}
	request.URL.RawQuery = m.query
	for name, values := range m.header {
		request.Header[name] = values
	}
	if m.body != "" && request.Header["Content-Type"] == nil {
		request.Header.Set("Content-Type", "application/json")
	}
	transport, err := rest.TransportFor(tr.Config)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Errorf("%s: no answer from %s: %v", m.name, tr.Resource, err)
		return reply{}
	}
	defer response.Body.Close()
	a := reply{Code: response.StatusCode}
	for _, warning := range response.Header.Values("Warning") {
		a.Warnings = append(a.Warnings, tr.neutral(warning))
	}
	slices.Sort(a.Warnings)
	if response.StatusCode < http.StatusMultipleChoices {
		return a // What was accepted is not looked at: it may be a watch.
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s: reading the answer: %v", m.name, err)
	}
	var status metav1.Status
	if json.Unmarshal(body, &status) != nil || status.Kind != "Status" {
		status = metav1.Status{Message: string(body)}
	}
	a.Reason, a.Message = status.Reason, tr.neutral(status.Message)
	return a
}

// What differs between two servers, whatever they serve.
var incidental = []struct {
	pattern *regexp.Regexp
	stands  string
}{
	{regexp.MustCompile(`in scheme "[^"]*"`), "in scheme"},
	{regexp.MustCompile(`in version "[^"]*"`), "in version"},
	// The Go package of a type, and the encodings that the types of a server have.
	{regexp.MustCompile(`\*?(<group>|\b[a-z0-9]+)\.<kind>`), "<kind>"},
	{regexp.MustCompile(`, application/(vnd\.kubernetes\.protobuf|cbor|cbor-seq)(;stream=watch)?`), ""},
	// Where a decoder was in a body, and how the body begins.
	{regexp.MustCompile(`(byte|offset|line|column) #?\d+`), "$1"},
	{regexp.MustCompile(`(?s)(json parse error: .*) \([^()]*\)$`), "$1"},
	// The object that a patch makes, and the object that is there.
	{regexp.MustCompile(`(?s)patch: Invalid value: ".*": `), "patch: Invalid value: "},
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "<uid>"},
	// Where it is stored.
	{regexp.MustCompile(`Key: [^,]*,`), "Key,"},
	{regexp.MustCompile(`invalid key: .*`), "invalid key"},
	// The Go type that the number is in.
	{regexp.MustCompile(`Go struct field \S+\.<field>`), "Go struct field <field>"},
}

// neutral replaces the names of the resource in a text.
func (tr *trial) neutral(text string) string {
	gv := tr.GVR.GroupVersion().String()
	field := tr.Change.Path[len(tr.Change.Path)-1]
	names := []string{
		tr.GVR.GroupResource().String(), "<resource>",
		tr.Kind + "." + tr.GVR.Group, "<kind>",
		gv, "<version>",
		tr.Kind, "<kind>",
		tr.GVR.Resource, "<resource>",
		tr.Change.String(), "<field>",
	}
	if tr.GVR.Group != "" { // An empty one would be everywhere.
		names = append(names, tr.GVR.Group, "<group>")
	}
	text = strings.NewReplacer(names...).Replace(text)
	// Its name may be a word, too, such as type.
	text = regexp.MustCompile(`(["'./\[{])`+regexp.QuoteMeta(field)+`\b`).ReplaceAllString(text, "$1<field>")
	for _, i := range incidental {
		text = i.pattern.ReplaceAllString(text, i.stands)
	}
	return text
}

// victim is a resource for which malformed requests are written.
type victim struct {
	*trial
	t *testing.T
}

// body is that of a valid object, with what is given as its metadata, and with more fields after its own.
func (v victim) body(metadata string, more ...string) string {
	return v.bodyOf(v.GVR.GroupVersion().String(), v.Kind, metadata, more...)
}

func (v victim) bodyOf(apiVersion, kind, metadata string, more ...string) string {
	parts := []string{fmt.Sprintf(`"apiVersion":%q,"kind":%q,"metadata":{%s}`, apiVersion, kind, metadata), v.fields()}
	return "{" + strings.Join(append(parts, more...), ",") + "}"
}

// fields are those of the sample, less its type and metadata, as they stand within a JSON object.
func (v victim) fields() string {
	v.t.Helper()
	object := v.sample(v.t, "")
	for _, name := range []string{"apiVersion", "kind", "metadata"} {
		delete(object.Object, name)
	}
	data, err := json.Marshal(object.Object)
	if err != nil {
		v.t.Fatal(err)
	}
	return string(data[1 : len(data)-1])
}

// numbered is the body of a valid object with the number that may change written as it is given.
func (v victim) numbered(number string) string {
	v.t.Helper()
	const marker = "NUMBER"
	object := v.sample(v.t, "new")
	Field{Path: v.Change.Path, Value: marker}.Set(v.t, object)
	return strings.Replace(string(encode(v.t, object)), fmt.Sprintf("%q", marker), number, 1)
}
