package conformance

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Kubectl does with kubectl what people do. What it prints as a table, [Tables] checks; what it explains, [OpenAPI].
func Kubectl(r Resource) Feature {
	tr := try(r, "Kubectl", r.Can("get"))
	if !tr.Feature.Claimed {
		tr.assessAbsence("", "get")
		return tr.Feature
	}
	tr.assess("get as JSON, YAML, and by JSONPath", func(ctx context.Context, t *testing.T) {
		object := tr.available(ctx, t, "printed")
		target := r.String() + "/" + object.GetName()
		for output, decode := range map[string]func(data []byte, into any) error{
			"json": json.Unmarshal,
			"yaml": func(data []byte, into any) error { return yaml.Unmarshal(data, into) },
		} {
			var printed unstructured.Unstructured
			if err := decode([]byte(tr.Kubectl(ctx, t, "get", target, "--output="+output)), &printed); err != nil {
				t.Errorf("decoding what --output=%s printed: %v", output, err)
			} else if printed.GetName() != object.GetName() || printed.GroupVersionKind() != r.GVK() || printed.GetUID() != object.GetUID() {
				t.Errorf("--output=%s printed %s %s with uid %s", output, printed.GroupVersionKind(), printed.GetName(), printed.GetUID())
			}
		}
		if out := tr.Kubectl(ctx, t, "get", target, "--output=jsonpath={.metadata.name}"); out != object.GetName() {
			t.Errorf("--output=jsonpath printed %q, want %q", out, object.GetName())
		}
	})
	tr.assess("describe", func(ctx context.Context, t *testing.T) {
		object := tr.available(ctx, t, "described")
		out := tr.Kubectl(ctx, t, "describe", r.String()+"/"+object.GetName())
		if fields := strings.Fields(out); len(fields) < 2 || fields[0] != "Name:" || fields[1] != object.GetName() {
			t.Errorf("it does not begin with the name:\n%s", out)
		}
	})
	if r.Can("create", "update", "patch", "delete", "list", "watch") {
		tr.writes()
	}
	return tr.Feature
}

// writes adds what changes objects.
func (tr *trial) writes() {
	file := func(t *testing.T, object *unstructured.Unstructured) string {
		t.Helper()
		// Not t.TempDir: it may have the commas of the assessment's title, and kubectl takes them for the end of the name.
		dir, err := os.MkdirTemp("", "annex-e2e-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := os.RemoveAll(dir); err != nil {
				t.Error(err)
			}
		})
		name := filepath.Join(dir, "object.json")
		if err := os.WriteFile(name, encode(t, object), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	// says runs kubectl, which should print the object's name and what became of it.
	says := func(ctx context.Context, t *testing.T, name, want string, args ...string) {
		t.Helper()
		if out, want := tr.Kubectl(ctx, t, args...), tr.kubectlName(tr.named(name))+" "+want+"\n"; out != want {
			t.Errorf("kubectl %s printed %q, want %q", args[0], out, want)
		}
	}
	target := func(name string) string { return tr.Resource.String() + "/" + tr.named(name) }
	tr.assess("create, replace, patch, label, annotate", func(ctx context.Context, t *testing.T) {
		object := tr.sample(t, "written")
		says(ctx, t, "written", "created", "create", "-f", file(t, object))
		tr.Change.Set(t, object)
		says(ctx, t, "written", "replaced", "replace", "-f", file(t, object))
		expectValue(t, tr.get(ctx, t, "written"), tr.Change)
		other := tr.Change.with(tr.Other)
		says(ctx, t, "written", "patched", "patch", target("written"), "--type=merge", "--patch="+string(encode(t, other.Tree())))
		says(ctx, t, "written", "labeled", "label", target("written"), "kubectl=labelled")
		says(ctx, t, "written", "annotated", "annotate", target("written"), "example.com/kubectl=annotated")
		got := tr.get(ctx, t, "written")
		expectValue(t, got, other)
		if got.GetLabels()["kubectl"] != "labelled" || got.GetAnnotations()["example.com/kubectl"] != "annotated" {
			t.Errorf("labels are %v, annotations %v", got.GetLabels(), got.GetAnnotations())
		}
	})
	for _, side := range []struct {
		name, flag                   string
		created, unchanged, modified string
	}{
		{"client", "--server-side=false", "created", "unchanged", "configured"},
		{"server", "--server-side=true", "serverside-applied", "serverside-applied", "serverside-applied"},
	} {
		tr.assess("apply and diff on the side of the "+side.name, func(ctx context.Context, t *testing.T) {
			name := "applied-by-" + side.name
			object := tr.sample(t, name)
			first := file(t, object)
			says(ctx, t, name, side.created, "apply", side.flag, "-f", first)
			says(ctx, t, name, side.unchanged, "apply", side.flag, "-f", first)
			if out := tr.Kubectl(ctx, t, "diff", side.flag, "-f", first); out != "" {
				t.Errorf("kubectl diff of the same prints %q", out)
			}
			tr.Change.Set(t, object)
			changed := file(t, object)
			field := tr.Change.Path[len(tr.Change.Path)-1]
			if out, err := tr.TryKubectl(ctx, t, "diff", side.flag, "-f", changed); err == nil || !strings.Contains(out, field) {
				t.Errorf("kubectl diff of a change: %v, %q, want status 1 and %s", err, out, field)
			}
			says(ctx, t, name, side.modified, "apply", side.flag, "-f", changed)
			expectValue(t, tr.get(ctx, t, name), tr.Change)
		})
	}
	tr.assess("wait, delete", func(ctx context.Context, t *testing.T) {
		tr.create(ctx, t, "waited")
		tr.Kubectl(ctx, t, "wait", target("waited"), "--for=jsonpath={.metadata.name}="+tr.named("waited"), "--timeout=10s")
		// It returns when the object is gone, which it learns by a watch.
		out := tr.Kubectl(ctx, t, "delete", target("waited"), "--wait=true", "--timeout=10s")
		if !strings.Contains(out, `"`+tr.named("waited")+`" deleted`) {
			t.Errorf("kubectl delete printed %q", out)
		}
		_, err := tr.objects().Get(ctx, tr.named("waited"), metav1.GetOptions{})
		expectRefused(t, err, apierrors.IsNotFound)
		tr.Kubectl(ctx, t, "wait", target("waited"), "--for=delete", "--timeout=10s")
	})
	if tr.Has("status", "patch") && tr.Status != nil {
		tr.assess("--subresource=status", func(ctx context.Context, t *testing.T) {
			tr.create(ctx, t, "status")
			says(ctx, t, "status", "patched", "patch", target("status"), "--subresource=status", "--type=merge", "--patch="+string(encode(t, tr.Status.Tree())))
			expectValue(t, tr.get(ctx, t, "status"), *tr.Status)
		})
	}
}
