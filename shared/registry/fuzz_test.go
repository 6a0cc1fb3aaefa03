package registry

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	operators "k8s.io/apimachinery/pkg/selection"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/sample-apiserver/pkg/apis/wardle"
	"k8s.io/sample-apiserver/pkg/apis/wardle/v1alpha1"
)

// FuzzSelectors selects an object by what a client sent. What is accepted names only fields that the resource has, and means the
// same when it is written and read once more, as it is for the watch cache.
func FuzzSelectors(f *testing.F) {
	for _, seed := range []struct{ label, field, value string }{
		{"", "", ""},
		{"app=x,tier notin (a,b),!old,new", "metadata.name=a,spec.flunder!=b", "x"},
		{"a==b", `metadata.namespace=n,spec.flunder=a\,b\=c\\`, `a,b=c\`},
		{"n>1,m<2", "spec.reference=a", "1"},
		{"app in (),,", "spec.flunder=", ""},
	} {
		f.Add(seed.label, seed.field, seed.value)
	}
	description, s := flunders(), scheme()
	description.FieldPaths = FieldPaths{"v1alpha1": {"spec.reference": "spec.flunder"}}
	selectors := description.selection()
	if err := selectors.addTo(s, wardle.Kind("Flunder")); err != nil {
		f.Fatal(err)
	}
	kind := v1alpha1.SchemeGroupVersion.WithKind("Flunder")
	f.Fuzz(func(t *testing.T, label, field, value string) {
		byLabel, err := labels.Parse(label)
		if err != nil {
			return
		}
		byField, err := fields.ParseSelector(field)
		if err != nil {
			return
		}
		byField, err = byField.Transform(func(label, value string) (string, string, error) {
			return s.ConvertFieldLabel(kind, label, value)
		})
		if err != nil {
			return
		}
		for _, requirement := range byField.Requirements() {
			if !slices.Contains(selectors.selectable(), requirement.Field) {
				t.Errorf("%q is accepted, and selects by %q", field, requirement.Field)
			}
			if !slices.Contains([]operators.Operator{operators.Equals, operators.DoubleEquals, operators.NotEquals}, requirement.Operator) {
				t.Errorf("%q is accepted, with the operator %q", field, requirement.Operator)
			}
		}
		object := flunder(1, value, "")
		object.Labels = map[string]string{"app": value}
		matches := func(byLabel labels.Selector, byField fields.Selector) bool {
			predicate := storage.SelectionPredicate{Label: byLabel, Field: byField, GetAttrs: selectors.attributes}
			matches, err := predicate.Matches(object)
			if err != nil {
				t.Errorf("matching %q and %q: %v", byLabel, byField, err)
			}
			return matches
		}
		labelAgain, err := labels.Parse(byLabel.String())
		if err != nil {
			t.Fatalf("%q is written as %q: %v", label, byLabel, err)
		}
		fieldAgain, err := fields.ParseSelector(byField.String())
		if err != nil {
			t.Fatalf("%q is written as %q: %v", field, byField, err)
		}
		if first, second := matches(byLabel, byField), matches(labelAgain, fieldAgain); first != second {
			t.Errorf("%q and %q match: %t; written and read once more as %q and %q: %t", label, field, first, labelAgain, fieldAgain, second)
		}
	})
}
