package deployment_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/rest"
	"sigs.k8s.io/yaml"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/deployment"
	"example.com/annex/shared/golden"
	"example.com/annex/shared/registry"
)

// named is a resource of which only the name matters here.
type named string

func (n named) Name() string { return string(n) }

func (n named) Access() registry.Access {
	if n == "sailors" {
		return registry.Access{View: []string{"get", "list"}}
	}
	return registry.Access{View: []string{"get", "list", "watch"}, Edit: []string{"create", "update", "patch", "delete", "deletecollection"}}
}

func (n named) Subresources() []registry.Subresource {
	status := registry.Subresource{Name: "status", View: []string{"get"}}
	if n == "ships" {
		return []registry.Subresource{status, {Name: "scale", View: []string{"get"}, Edit: []string{"update", "patch"}}}
	}
	return []registry.Subresource{status}
}

func (n named) Storage(registry.Options) (map[string]rest.Storage, error) {
	return nil, errors.New("not served")
}

func fleet() apiserver.Definition {
	return apiserver.Definition{Name: "fleet", Groups: []apiserver.Group{
		{Name: "fleet.example.com", Versions: []string{"v1", "v1beta1"}, Resources: []registry.Resource{named("ships"), named("ports")}},
		{Name: "crew.example.com", Versions: []string{"v1"}, Resources: []registry.Resource{named("sailors")}},
	}}
}

// TestObjects compares everything that installs a server with the golden file. After a wanted change:
//
//	go test ./shared/deployment -update
func TestObjects(t *testing.T) {
	t.Parallel()
	for _, namespace := range []string{"", "harbour"} {
		got := render(t, deployment.Installation{Definition: fleet(), Namespace: namespace})
		if namespace != "" {
			got = strings.ReplaceAll(got, namespace, deployment.DefaultNamespace)
		}
		golden.Check(t, "testdata/fleet.yaml", []byte(got))
	}
}

func render(t *testing.T, i deployment.Installation) string {
	t.Helper()
	return string(documents(t, slices.Concat(i.Identity(), i.Certificates(), i.ServerAccess(), i.APIServices([]byte("CA")), i.UserAccess())))
}

// documents are objects in YAML.
func documents(t *testing.T, objects []runtime.Object) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, object := range objects {
		document, err := yaml.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "---\n%s", document)
	}
	return b.Bytes()
}

func TestServiceName(t *testing.T) {
	t.Parallel()
	for want, installation := range map[string]deployment.Installation{
		"fleet.annex-system.svc": {Definition: fleet()},
		"fleet.harbour.svc":      {Definition: fleet(), Namespace: "harbour"},
		"ships.annex-system.svc": {Definition: fleet(), Service: "ships"},
	} {
		if got := installation.ServiceName(); got != want {
			t.Errorf("kube-apiserver asks for %s, got %s", want, got)
		}
	}
}

// A Service of another name is what APIServices lead to, and its Secret is what the server may read.
func TestService(t *testing.T) {
	t.Parallel()
	got := render(t, deployment.Installation{Definition: fleet(), Service: "ships"})
	want := render(t, deployment.Installation{Definition: fleet()})
	want = strings.ReplaceAll(want, "fleet-certificates", "ships-certificates")
	want = strings.ReplaceAll(want, "  service:\n    name: fleet\n", "  service:\n    name: ships\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
