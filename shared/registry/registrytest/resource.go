package registrytest

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	tester "k8s.io/apiserver/pkg/registry/generic/testing"
	"k8s.io/apiserver/pkg/registry/rest"

	"example.com/annex/shared/registry"
)

// names checks what discovery shows.
func (tr trial[T]) names() {
	main := tr.storage[""]
	if got := main.(rest.SingularNameProvider).GetSingularName(); got != tr.Singular {
		tr.Errorf("singular name %q, want %q", got, tr.Singular)
	}
	if got := main.(rest.ShortNamesProvider).ShortNames(); !slices.Equal(got, tr.ShortNames) {
		tr.Errorf("short names %q, want %q", got, tr.ShortNames)
	}
	if got := main.(rest.CategoriesProvider).Categories(); !slices.Equal(got, tr.Categories) {
		tr.Errorf("categories %q, want %q", got, tr.Categories)
	}
	if _, ok := main.(rest.StandardStorage); !ok {
		tr.Errorf("%T lacks a method of rest.StandardStorage", main)
	}
}

func (tr trial[T]) create() {
	var invalid []runtime.Object
	for i, change := range tr.Invalid {
		invalid = append(invalid, tr.valid(fmt.Sprintf("invalid-%d", i), change))
	}
	tr.tester().TestCreate(tr.valid("valid"), invalid...)
}

func (tr trial[T]) update() {
	var invalid []tester.UpdateFunc
	for _, change := range tr.InvalidChanges {
		invalid = append(invalid, applying(change))
	}
	tr.tester().TestUpdate(tr.valid("valid"), applying(tr.Change), invalid...)
}

// applying makes a change to a copy of an object.
func applying[T registry.Object](change func(T)) func(runtime.Object) runtime.Object {
	return func(object runtime.Object) runtime.Object {
		changed := object.DeepCopyObject().(T)
		change(changed)
		return changed
	}
}

// delete deletes at once: a strategy of package registry knows no grace period, and upstream's tester of those does not apply.
func (tr trial[T]) delete() { tr.tester().TestDelete(tr.valid("valid")) }

func (tr trial[T]) get() { tr.tester().TestGet(tr.valid("valid")) }

func (tr trial[T]) list() { tr.tester().TestList(tr.valid("valid")) }

func (tr trial[T]) watch() {
	object := tr.valid("valid", func(object T) { object.SetLabels(map[string]string{"tier": "one"}) })
	pass := []fields.Set{{}, {"metadata.name": "valid"}}
	fail := []fields.Set{{"metadata.name": "other"}}
	if tr.namespaced() {
		pass = append(pass, fields.Set{"metadata.namespace": tr.namespace()}, fields.Set{"metadata.name": "valid", "metadata.namespace": tr.namespace()})
		fail = append(fail, fields.Set{"metadata.namespace": "other"}, fields.Set{"metadata.name": "valid", "metadata.namespace": "other"})
	}
	for path, value := range tr.Selectable {
		pass = append(pass, fields.Set{path: value})
		fail = append(fail, fields.Set{path: value + "-other"}, fields.Set{path: value, "metadata.name": "other"})
	}
	tr.tester().TestWatch(object,
		[]labels.Set{{"tier": "one"}}, []labels.Set{{"tier": "other"}, {"other": "one"}},
		pass, fail)
}
