package claims

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/utils/ptr"

	"example.com/annex/e2e/conformance"
)

func TestReadSamples(t *testing.T) {
	t.Parallel()
	samples, err := ReadSamples("f", []byte("# nothing\n---\napiVersion: v1\nkind: A\nspec: {count: 3}\n---\n{\"apiVersion\": \"v2\", \"kind\": \"A\"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(samples) != 2 {
		t.Fatalf("got %d samples, want 2", len(samples))
	}
	if diff := cmp.Diff(Object{"spec": map[string]any{"count": int64(3)}}, content(samples[0].Unstructured, false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for version, want := range map[string]string{"v1": "v1", "v2": "v2", "v3": "v1"} {
		if s, ok := find(samples, schema.GroupVersionKind{Version: version, Kind: "A"}); !ok || s.GetAPIVersion() != want {
			t.Errorf("for %s: %v, want that of %s", version, s, want)
		}
	}
	if s, ok := find(samples, schema.GroupVersionKind{Group: "g", Version: "v1", Kind: "A"}); ok {
		t.Errorf("a sample of another group: %v", s)
	}
	for data, want := range map[string]string{
		"":                                   "no object",
		"a: [":                               "reading f",
		"kind: A":                            "no apiVersion",
		"apiVersion: v1\nkind: A\nkind: B\n": "already set",
	} {
		if _, err := ReadSamples("f", []byte(data)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", data, err, want)
		}
	}
}

const overlay = `
apiVersion: conformance.annex.example.com/v1
kind: Claims
resources:
- name: configmaps.v1
  shortNames: [cm, cfg]
  immutable: null
  generation: true
  change: {path: [data, a], value: 5, other: 6}
  needs: [{apiVersion: v1, kind: Secret, number: 3}]
`

func derived() Claim {
	return Claim{
		Name: "configmaps.v1.", Kind: "ConfigMap", Singular: "configmap", ShortNames: []string{"cm"}, Namespaced: true,
		Verbs: []string{"create", "get", "update"}, Sample: Object{"data": map[string]any{"a": "b"}},
		Change:    &Change{Field: Field{Path: []string{"data", "a"}, Value: Value{"c"}}, Other: Value{"d"}},
		Immutable: &Field{Path: []string{"data", "z"}, Value: Value{int64(1)}},
	}
}

func TestOverlay(t *testing.T) {
	t.Parallel()
	o, err := ReadOverlay("f", []byte(overlay))
	if err != nil {
		t.Fatal(err)
	}
	claim, err := o.Onto(derived())
	if err != nil {
		t.Fatal(err)
	}
	all, err := New(claim).ToResources()
	if err != nil {
		t.Fatal(err)
	}
	want := conformance.Resource{
		GVR:  schema.GroupVersionResource{Version: "v1", Resource: "configmaps"},
		Kind: "ConfigMap", Singular: "configmap", ShortNames: []string{"cm", "cfg"}, Namespaced: true,
		Verbs: []string{"create", "get", "update"}, Sample: "data:\n  a: b\n", Generation: true,
		Change: conformance.Field{Path: []string{"data", "a"}, Value: int64(5)}, Other: int64(6),
		Needs: []string{"apiVersion: v1\nkind: Secret\nnumber: 3\n"},
	}
	if diff := cmp.Diff([]conformance.Resource{want}, all); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if other, err := o.Onto(Claim{Name: "secrets.v1."}); err != nil || len(other.ShortNames) > 0 {
		t.Errorf("a resource that the overlay does not have: %v, %v", other, err)
	}
	// What is printed can be read.
	printed, err := New(claim).YAML()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadOverlay("f", printed)
	if err != nil {
		t.Fatal(err)
	}
	read, err := again.Document.ToResources()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(all, read); diff != "" {
		t.Errorf("what is printed is read as something else (-want +got):\n%s", diff)
	}
}

func TestReadOverlayComplains(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		strings.Replace(overlay, "shortNames", "shortName", 1): `unknown field`,
		strings.Replace(overlay, "Claims", "Report", 1):        "want conformance.annex.example.com/v1 Claims",
		overlay + "- name: configmaps.v1.\n":                   "a name of its own",
	} {
		if _, err := ReadOverlay("f", []byte(data)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", data, err, want)
		}
	}
}

func TestIncompleteClaims(t *testing.T) {
	t.Parallel()
	claim := derived()
	claim.Change = nil
	claim.Subresources = map[string][]string{"status": {"get", "patch", "update"}}
	_, err := New(claim).ToResources()
	if err == nil || !strings.Contains(err.Error(), "change (") || !strings.Contains(err.Error(), "status (") || strings.Contains(err.Error(), "existing (") {
		t.Errorf("got %v", err)
	}
	claim = derived()
	claim.Versions = []string{"configmaps.v2"}
	if _, err := New(claim).ToResources(); err == nil || !strings.Contains(err.Error(), "configmaps.v2") {
		t.Errorf("a version that is not there: %v", err)
	}
}

func TestLeaves(t *testing.T) {
	t.Parallel()
	object := map[string]any{"spec": map[string]any{
		"deep": map[string]any{"a": int64(1)}, "text": "x", "list": []any{"y"}, "none": nil, "yes": true,
	}}
	var got []string
	for _, f := range leaves(object, "spec") {
		got = append(got, f.String())
	}
	if diff := cmp.Diff([]string{"spec.text", "spec.yes", "spec.deep.a"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if none := leaves(object, "status"); len(none) > 0 {
		t.Errorf("below what is not there: %v", none)
	}
}

func TestCandidates(t *testing.T) {
	t.Parallel()
	integer := &spec.Schema{SchemaProps: spec.SchemaProps{Type: []string{"integer"}, Minimum: ptr.To(2.0), Maximum: ptr.To(9.0)}}
	enum := &spec.Schema{SchemaProps: spec.SchemaProps{Type: []string{"string"}, Enum: []any{"a", "b", "c"}}}
	short := &spec.Schema{SchemaProps: spec.SchemaProps{Type: []string{"string"}, MaxLength: ptr.To[int64](3), Pattern: "^[a-z]+$"}}
	for name, tc := range map[string]struct {
		value any
		s     *spec.Schema
		// good are among the alternatives, bad are all violations.
		good, bad []any
		example   any
	}{
		"a number":        {value: int64(4), s: integer, good: []any{int64(5), int64(6)}, bad: []any{int64(1), int64(10)}, example: int64(2)},
		"one of some":     {value: "a", s: enum, good: []any{"b", "c"}, bad: []any{"NoneOfThese"}, example: "c"},
		"a text":          {value: "5Gi", s: short, good: []any{"6Gi", "7Gi"}, bad: []any{"xxxx", "Not A Name"}, example: "Example"},
		"nothing known":   {value: "x", good: []any{"x-a", "xa"}},
		"yes":             {value: true, good: []any{false}},
		"a broken number": {value: 1.5, good: []any{2.5}},
	} {
		got := alternatives(conformance.Field{Path: []string{"f"}, Value: tc.value}, tc.s)
		for _, want := range tc.good {
			if !contains(got, want) {
				t.Errorf("%s: %v is not among %v", name, want, got)
			}
		}
		if contains(got, tc.value) {
			t.Errorf("%s: the value itself is among %v", name, got)
		}
		if diff := cmp.Diff(tc.bad, violations(tc.s)); diff != "" {
			t.Errorf("%s: violations (-want +got):\n%s", name, diff)
		}
		if value, _ := example(tc.s); value != tc.example {
			t.Errorf("%s: the example is %v, want %v", name, value, tc.example)
		}
	}
}

func contains(all []any, one any) bool {
	for _, each := range all {
		if each == one {
			return true
		}
	}
	return false
}

func TestSimilar(t *testing.T) {
	t.Parallel()
	names := []string{"v1.topology.example.com", "v1.apps", "v1alpha1.topology.example.com", "v1.topology.example.com"}
	if diff := cmp.Diff([]string{"v1.topology.example.com", "v1alpha1.topology.example.com"}, Similar("v1.topologie.example.com", names)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := Similar("something else", names); len(got) > 0 {
		t.Errorf("got %v", got)
	}
}

func TestDiffering(t *testing.T) {
	t.Parallel()
	before := map[string]any{"spec": map[string]any{"a": int64(1), "list": []any{"x"}, "same": "s", "gone": true}}
	after := map[string]any{"spec": map[string]any{"a": int64(2), "list": []any{"y"}, "same": "s"}, "status": map[string]any{"deep": map[string]any{"b": "c"}}}
	got := map[string]any{}
	for _, f := range differing(before, after, nil) {
		got[f.String()] = f.Value
	}
	want := map[string]any{"spec.a": int64(2), "spec.list": []any{"y"}, "spec.gone": nil, "status.deep.b": "c"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
