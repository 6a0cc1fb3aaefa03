package apply_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/controlplanetest"
	"example.com/annex/tools/deploy/apply"
)

// objects reads YAML documents.
func objects(t *testing.T, documents string) []unstructured.Unstructured {
	t.Helper()
	var all []unstructured.Unstructured
	for document := range strings.SplitSeq(documents, "---\n") {
		var object unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			t.Fatal(err)
		}
		all = append(all, object)
	}
	return all
}

const (
	namespace  = "apiVersion: v1\nkind: Namespace\nmetadata: {name: here}\n"
	account    = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: server, namespace: here}\n"
	settings   = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: here}\ndata: {level: '1'}\n"
	apiService = `apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.nobody.example.com}
spec: {group: nobody.example.com, version: v1, groupPriorityMinimum: 1, versionPriority: 1, service: {namespace: here, name: nobody}}
`
)

func TestRun(t *testing.T) {
	t.Parallel()
	plane := controlplanetest.Start(t, controlplane.Options{})
	run := func(timeout time.Duration, documents string, options apply.Options) (string, error) {
		t.Helper()
		var said strings.Builder
		options.Progress = &said
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		err := apply.Run(ctx, plane.RESTConfig(), objects(t, documents), options)
		return said.String(), err
	}
	refused := func(what string, err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", what, err, want)
		}
	}
	const long = time.Minute

	_, err := run(long, settings, apply.Options{DryRun: true})
	refused("a dry run without the namespace", err, "create it first")

	// Whatever the order in the manifests, what others need comes first, and the APIService last.
	said, err := run(long, strings.Join([]string{apiService, settings, account, namespace}, "---\n"), apply.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const want = "Namespace here applied\nServiceAccount server in here applied\nConfigMap settings in here applied\nAPIService v1.nobody.example.com applied\n"
	if said != want {
		t.Errorf("said %q, want %q", said, want)
	}
	if said, err = run(long, settings, apply.Options{DryRun: true}); err != nil || said != "ConfigMap settings in here would be applied\n" {
		t.Errorf("a dry run: %v, said %q", err, said)
	}

	_, err = run(2*time.Second, apiService, apply.Options{Wait: true})
	refused("an APIService of no server", err, "waiting for APIService v1.nobody.example.com")
	refused("an APIService of no server", err, "ServiceNotFound")

	_, err = run(long, "apiVersion: nobody.example.org/v1\nkind: Thing\nmetadata: {name: x}\n", apply.Options{})
	refused("a kind that is not there", err, "is the CustomResourceDefinition installed?")

	// Another has set the field.
	other := objects(t, strings.Replace(settings, "'1'", "'2'", 1))
	if err := plane.Apply(t.Context(), &other[0]); err != nil {
		t.Fatal(err)
	}
	_, err = run(long, settings, apply.Options{})
	refused("a conflict", err, "--force-conflicts")
	if _, err := run(long, settings, apply.Options{Force: true}); err != nil {
		t.Error(err)
	}
}
