package capacity_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/resources"
	"example.com/annex/e2e/step"
	v1 "example.com/annex/servers/capacity/apis/capacity/v1"
	"example.com/annex/servers/capacity/apis/capacity/v1beta1"
	"example.com/annex/servers/client/clientset/versioned"
	"example.com/annex/servers/client/clientset/versioned/scheme"
)

// lineTimeout is how long a line may take from what it tells of to who follows.
const lineTimeout = 10 * time.Second

// logTrial is the logs of Reservations in the hands of one feature.
type logTrial struct {
	trial
	// clients are the REST clients of the generated clientset, by version.
	clients map[string]rest.Interface
}

func (tr *logTrial) connect(_ context.Context, t *testing.T) {
	t.Helper()
	clients, err := versioned.NewForConfig(tr.Config)
	if err != nil {
		t.Fatal(err)
	}
	tr.clients = map[string]rest.Interface{"v1": clients.CapacityV1().RESTClient(), "v1beta1": clients.CapacityV1beta1().RESTClient()}
}

// log asks for a log as client-go asks for that of a pod.
func (tr *logTrial) log(version, name string, options runtime.Object) *rest.Request {
	return tr.clients[version].Get().Namespace(tr.Namespace).Resource("reservations").Name(name).SubResource("log").
		VersionedParams(options, scheme.ParameterCodec)
}

func (tr *logTrial) read(ctx context.Context, t *testing.T, name string, options v1.ReservationLogOptions) string {
	t.Helper()
	log, err := tr.log("v1", name, &options).Do(ctx).Raw()
	if err != nil {
		t.Fatal(err)
	}
	return string(log)
}

// follow returns the lines of a log as they come. The channel is closed when the log ends.
func (tr *logTrial) follow(ctx context.Context, t *testing.T, version, name string, options runtime.Object) <-chan string {
	t.Helper()
	stream, err := tr.log(version, name, options).Stream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	lines := make(chan string)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(stream); scanner.Scan(); {
			select {
			case lines <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		_ = stream.Close()
	})
	return lines
}

// expectLines waits for each of the lines.
func expectLines(t *testing.T, got <-chan string, want ...string) {
	t.Helper()
	for _, w := range want {
		select {
		case line, open := <-got:
			if !open {
				t.Fatalf("the log ended, want the line %q", w)
			}
			if line != w {
				t.Fatalf("got the line %q, want %q", line, w)
			}
		case <-time.After(lineTimeout):
			t.Fatalf("no line within %s, want %q", lineTimeout, w)
		}
	}
}

func expectEnd(t *testing.T, got <-chan string) {
	t.Helper()
	select {
	case line, open := <-got:
		if open {
			t.Errorf("got the line %q, want the end", line)
		}
	case <-time.After(lineTimeout):
		t.Errorf("the log did not end within %s", lineTimeout)
	}
}

// patchAs patches a Reservation in the name of a field manager.
func (tr *logTrial) patchAs(ctx context.Context, t *testing.T, manager, name, patch string, subresources ...string) {
	t.Helper()
	_, err := resources.Reservations()[0].Objects(tr.Clients, tr.Namespace).Patch(ctx, name, types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: manager}, subresources...)
	if err != nil {
		t.Fatalf("patching %s: %v", name, err)
	}
}

// logs reads logs of Reservations that are there, and of one that is not.
func logs() *features.FeatureBuilder {
	// Conditions are of another time than everything else, so that lines have one order.
	const bound = `{"status":{"phase":"Bound","boundSlots":3,"observedGeneration":1,"conditions":[
		{"type":"Bound","status":"False","reason":"TooFew","message":"1 slot\nis missing","lastTransitionTime":"2001-02-03T04:05:06Z"}]}}`
	whole := []string{
		"condition Bound is False: TooFew: 1 slot is missing",
		"created",
		"written by creator",
		"written by status-controller through status",
		"Bound: holds 3 of 4 slots at ams-1, priority Normal",
	}
	tr := &logTrial{}
	return features.New("log of a reservation").
		Setup(tr.Open).
		Setup(step.Do(tr.connect)).
		Assess("it tells what the object does", step.Do(func(ctx context.Context, t *testing.T) {
			r := resources.Reservations()[0]
			object, err := r.New(tr.Namespace, "told")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Objects(tr.Clients, tr.Namespace).Create(ctx, object, metav1.CreateOptions{FieldManager: "creator"}); err != nil {
				t.Fatal(err)
			}
			tr.patchAs(ctx, t, "status-controller", "told", bound, "status")
			want := strings.Join(whole, "\n") + "\n"
			for _, version := range []string{"v1", "v1beta1"} {
				path := fmt.Sprintf("/apis/capacity.example.com/%s/namespaces/%s/reservations/told/log", version, tr.Namespace)
				if diff := cmp.Diff(want, tr.Kubectl(ctx, t, "get", "--raw", path)); diff != "" {
					t.Errorf("kubectl get --raw %s (-want +got):\n%s", path, diff)
				}
			}
		})).
		Assess("options", step.Do(func(ctx context.Context, t *testing.T) {
			object := tr.get(ctx, t, "told")
			for name, tc := range map[string]struct {
				options v1.ReservationLogOptions
				want    []string
			}{
				"the last two":                  {v1.ReservationLogOptions{TailLines: new(int64(2))}, whole[3:]},
				"none":                          {v1.ReservationLogOptions{TailLines: new(int64(0))}, nil},
				"since an hour ago":             {v1.ReservationLogOptions{SinceSeconds: new(int64(3600))}, whole[1:]},
				"since it was created":          {v1.ReservationLogOptions{SinceTime: new(object.GetCreationTimestamp())}, whole[1:]},
				"since an hour from now":        {v1.ReservationLogOptions{SinceTime: new(metav1.NewTime(time.Now().Add(time.Hour)))}, nil},
				"the last of since an hour ago": {v1.ReservationLogOptions{SinceSeconds: new(int64(3600)), TailLines: new(int64(100))}, whole[1:]},
			} {
				want := ""
				for _, line := range tc.want {
					want += line + "\n"
				}
				if diff := cmp.Diff(want, tr.read(ctx, t, "told", tc.options)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
			if got := tr.read(ctx, t, "told", v1.ReservationLogOptions{LimitBytes: new(int64(9))}); got != "condition" {
				t.Errorf("the first 9 bytes are %q", got)
			}
			stamped := tr.read(ctx, t, "told", v1.ReservationLogOptions{Timestamps: true})
			created := object.GetCreationTimestamp().UTC().Format(time.RFC3339)
			for _, want := range []string{"2001-02-03T04:05:06Z condition Bound", "\n" + created + " created\n"} {
				if !strings.Contains(stamped, want) {
					t.Errorf("with timestamps, %q is missing in:\n%s", want, stamped)
				}
			}
			if !regexp.MustCompile(`(?m)^\S+Z Bound: holds`).MatchString(stamped) {
				t.Errorf("the last line has no timestamp:\n%s", stamped)
			}
		})).
		Assess("it is plain text", step.Do(func(ctx context.Context, t *testing.T) {
			var contentType string
			tr.log("v1", "told", &v1.ReservationLogOptions{}).Do(ctx).ContentType(&contentType)
			if contentType != "text/plain" {
				t.Errorf("content type %q, want text/plain", contentType)
			}
		})).
		Assess("options that are wrong", step.Do(func(ctx context.Context, t *testing.T) {
			for query, want := range map[string]struct {
				is   func(error) bool
				text string
			}{
				"tailLines=-1":                     {apierrors.IsInvalid, `ReservationLogOptions.capacity.example.com "told" is invalid: tailLines: Invalid value: -1`},
				"tailLines=abc":                    {apierrors.IsBadRequest, `query parameter tailLines=abc: strconv.ParseInt: parsing "abc": invalid syntax`},
				"limitBytes=0":                     {apierrors.IsInvalid, "limitBytes: Invalid value: 0"},
				"sinceSeconds=0":                   {apierrors.IsInvalid, "sinceSeconds: Invalid value: 0"},
				"sinceSeconds=-1":                  {apierrors.IsInvalid, "sinceSeconds: Invalid value: -1"},
				"limitBytes=-1":                    {apierrors.IsInvalid, "limitBytes: Invalid value: -1"},
				"sinceSeconds=abc":                 {apierrors.IsBadRequest, `query parameter sinceSeconds=abc: strconv.ParseInt: parsing "abc"`},
				"sinceSeconds=9223372036854775808": {apierrors.IsBadRequest, "query parameter sinceSeconds=9223372036854775808: strconv.ParseInt"},
				"sinceTime=yesterday":              {apierrors.IsBadRequest, "query parameter sinceTime=yesterday: "},
				"sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z": {apierrors.IsInvalid, "sinceTime: Forbidden"},
			} {
				for _, version := range []string{"v1", "v1beta1"} {
					err := tr.clients[version].Get().RequestURI(
						fmt.Sprintf("/apis/capacity.example.com/%s/namespaces/%s/reservations/told/log?%s", version, tr.Namespace, query)).Do(ctx).Error()
					if !want.is(err) || !strings.Contains(err.Error(), want.text) {
						t.Errorf("%s in %s: got %v, want %s", query, version, err, want.text)
					}
				}
			}
		})).
		Assess("options that are huge", step.Do(func(ctx context.Context, t *testing.T) {
			all := tr.read(ctx, t, "told", v1.ReservationLogOptions{})
			huge := int64(math.MaxInt64)
			for name, options := range map[string]v1.ReservationLogOptions{
				"sinceSeconds": {SinceSeconds: &huge}, "tailLines": {TailLines: &huge}, "limitBytes": {LimitBytes: &huge},
			} {
				if got := tr.read(ctx, t, "told", options); got != all || got == "" {
					t.Errorf("%s: got %q, want %q", name, got, all)
				}
			}
		})).
		Assess("an object that is not there", step.Do(func(ctx context.Context, t *testing.T) {
			for _, follow := range []bool{false, true} {
				_, err := tr.log("v1", "absent", &v1.ReservationLogOptions{Follow: follow}).Stream(ctx)
				if !apierrors.IsNotFound(err) || !strings.Contains(err.Error(), `reservations.capacity.example.com "absent" not found`) {
					t.Errorf("follow %t: got %v, want not found", follow, err)
				}
			}
		})).
		Assess("who may get reservations/log may read it, and no more", step.Do(func(ctx context.Context, t *testing.T) {
			reader := tr.As(t, tr.Namespace+"-reader")
			meta := metav1.ObjectMeta{Name: "log-reader", Namespace: tr.Namespace}
			get := func(subresources ...string) error {
				path := append([]string{"/apis/capacity.example.com/v1/namespaces", tr.Namespace, "reservations/told"}, subresources...)
				return reader.Kubernetes.Discovery().RESTClient().Get().AbsPath(path...).Do(ctx).Error()
			}
			if err := get("log"); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `cannot get resource "reservations/log"`) {
				t.Errorf("without a role: got %v, want it to be forbidden", err)
			}
			if _, err := tr.Kubernetes.RbacV1().Roles(tr.Namespace).Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{
				{APIGroups: []string{"capacity.example.com"}, Resources: []string{"reservations/log"}, Verbs: []string{"get"}},
			}}, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			if _, err := tr.Kubernetes.RbacV1().RoleBindings(tr.Namespace).Create(ctx, &rbacv1.RoleBinding{
				ObjectMeta: meta,
				RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "log-reader"},
				Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: tr.Namespace + "-reader"}},
			}, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			// The server remembers for 10 seconds that he may not.
			step.Eventually(ctx, t, 30*time.Second, "the role to count", func(context.Context) error { return get("log") })
			if err := get(); !apierrors.IsForbidden(err) {
				t.Errorf("the reservation itself: got %v, want it to be forbidden", err)
			}
		})).
		Assess("OpenAPI has it, with its options", step.Do(func(ctx context.Context, t *testing.T) {
			for _, version := range []string{"v1", "v1beta1"} {
				document, err := tr.Kubernetes.Discovery().RESTClient().Get().AbsPath("/openapi/v3/apis/capacity.example.com", version).Do(ctx).Raw()
				if err != nil {
					t.Fatal(err)
				}
				type parameters []struct{ Name, Description string }
				var api struct {
					Paths map[string]struct {
						Parameters parameters // those that all its methods have
						Get        struct {
							Parameters parameters
							Responses  map[string]struct{ Content map[string]any }
						}
					}
				}
				if err := json.Unmarshal(document, &api); err != nil {
					t.Fatal(err)
				}
				log := api.Paths["/apis/capacity.example.com/"+version+"/namespaces/{namespace}/reservations/{name}/log"]
				var names []string
				for _, p := range slices.Concat(log.Parameters, log.Get.Parameters) {
					if p.Description == "" {
						t.Errorf("%s: the parameter %s has no description", version, p.Name)
					}
					names = append(names, p.Name)
				}
				// Not sinceTime: upstream's generator leaves out times, those of pods/log too.
				for _, want := range []string{"follow", "limitBytes", "sinceSeconds", "tailLines", "timestamps"} {
					if !slices.Contains(names, want) {
						t.Errorf("%s: %s is not among the parameters %q", version, want, names)
					}
				}
				if _, ok := log.Get.Responses["200"].Content["text/plain"]; !ok {
					t.Errorf("%s: it is not said to answer with text/plain: %v", version, log.Get.Responses)
				}
			}
		}))
}

// followedLogs follows Reservations through kube-apiserver, and waits for each line before it does the next thing.
func followedLogs() *features.FeatureBuilder {
	fromNow := map[string]runtime.Object{
		"v1":      &v1.ReservationLogOptions{Follow: true, TailLines: new(int64(0))},
		"v1beta1": &v1beta1.ReservationLogOptions{Follow: true, TailLines: new(int64(0))},
	}
	tr := &logTrial{}
	return features.New("log of a reservation, followed").
		Setup(tr.Open).
		Setup(step.Do(tr.connect)).
		Assess("each line comes when it happens, and the last with the end of the object", step.Do(func(ctx context.Context, t *testing.T) {
			tr.create(ctx, t, "followed")
			followers := []<-chan string{
				tr.follow(ctx, t, "v1", "followed", fromNow["v1"]),
				tr.follow(ctx, t, "v1beta1", "followed", fromNow["v1beta1"]),
			}
			for _, happens := range []struct {
				patch        string
				subresources []string
				want         []string
			}{
				{`{"spec":{"slots":8}}`, nil, []string{"scaled from 4 to 8 slots"}},
				{`{"spec":{"replicas":6}}`, []string{"scale"}, []string{"scaled from 8 to 6 slots"}},
				{`{"metadata":{"labels":{"not":"told"}}}`, nil, nil},
				{`{"spec":{"priority":"High","selector":{"matchLabels":{"app":"builds"}}}}`, nil, []string{"priority Normal → High", "selector <none> → app=builds"}},
				{
					`{"status":{"phase":"Bound","boundSlots":6,"conditions":[{"type":"Bound","status":"True","reason":"AllBound","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}`,
					[]string{"status"},
					[]string{"phase Pending → Bound", "held slots 0 → 6", "condition Bound is True: AllBound"},
				},
				{`{"metadata":{"finalizers":["example.com/e2e"]}}`, nil, nil},
			} {
				tr.patchAs(ctx, t, "e2e", "followed", happens.patch, happens.subresources...)
				for _, lines := range followers {
					expectLines(t, lines, happens.want...)
				}
			}
			if err := resources.Reservations()[0].Objects(tr.Clients, tr.Namespace).Delete(ctx, "followed", metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			for _, lines := range followers {
				expectLines(t, lines, "being deleted, waiting for finalizers example.com/e2e")
			}
			tr.patchAs(ctx, t, "e2e", "followed", `{"metadata":{"finalizers":null}}`)
			for _, lines := range followers {
				expectLines(t, lines, "deleted")
				expectEnd(t, lines)
			}
		})).
		Assess("what was before comes first", step.Do(func(ctx context.Context, t *testing.T) {
			tr.create(ctx, t, "told")
			lines := tr.follow(ctx, t, "v1", "told", &v1.ReservationLogOptions{Follow: true, TailLines: new(int64(1))})
			expectLines(t, lines, "Pending: holds 0 of 4 slots at ams-1, priority Normal")
			tr.patchAs(ctx, t, "e2e", "told", `{"spec":{"slots":5}}`)
			expectLines(t, lines, "scaled from 4 to 5 slots")
		})).
		Assess("an object of the same name is another", step.Do(func(ctx context.Context, t *testing.T) {
			tr.create(ctx, t, "again")
			lines := tr.follow(ctx, t, "v1", "again", fromNow["v1"])
			if err := resources.Reservations()[0].Objects(tr.Clients, tr.Namespace).Delete(ctx, "again", metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			tr.create(ctx, t, "again")
			expectLines(t, lines, "deleted")
			expectEnd(t, lines)
		})).
		Assess("kubectl follows it", step.Do(func(ctx context.Context, t *testing.T) {
			tr.create(ctx, t, "raw")
			lines := tr.KubectlLines(ctx, t, "get", "--raw",
				"/apis/capacity.example.com/v1/namespaces/"+tr.Namespace+"/reservations/raw/log?follow=true&tailLines=1")
			expectLines(t, lines, "Pending: holds 0 of 4 slots at ams-1, priority Normal")
			tr.patchAs(ctx, t, "e2e", "raw", `{"spec":{"slots":5}}`)
			expectLines(t, lines, "scaled from 4 to 5 slots")
			if err := resources.Reservations()[0].Objects(tr.Clients, tr.Namespace).Delete(ctx, "raw", metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			expectLines(t, lines, "deleted")
			expectEnd(t, lines)
		}))
}

func TestLog(t *testing.T)         { t.Parallel(); testenv.Test(t, logs()) }
func TestFollowedLog(t *testing.T) { t.Parallel(); testenv.Test(t, followedLogs()) }
