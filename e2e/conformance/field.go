package conformance

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Field is a place in an object and a value for it.
type Field struct {
	// Path leads to the field from the object's root: {"spec", "slots"}.
	Path []string
	// Value is as decoded from JSON: whole numbers are int64.
	Value any
}

// Tree is an object that holds the field alone, as a merge patch has it.
func (f Field) Tree() map[string]any {
	tree := map[string]any{}
	node := tree
	for _, name := range f.Path[:len(f.Path)-1] {
		child := map[string]any{}
		node[name] = child
		node = child
	}
	node[f.Path[len(f.Path)-1]] = f.Value
	return tree
}

// Set puts the field's value into an object.
func (f Field) Set(t *testing.T, object *unstructured.Unstructured) {
	t.Helper()
	if err := unstructured.SetNestedField(object.Object, f.Value, f.Path...); err != nil {
		t.Fatalf("setting %v in a sample: %v", f.Path, err)
	}
}

// with returns the field with another value.
func (f Field) with(value any) Field {
	return Field{Path: f.Path, Value: value}
}

// Get reads the field of an object, nil where it is absent.
func (f Field) Get(object *unstructured.Unstructured) any {
	value, found, err := unstructured.NestedFieldNoCopy(object.Object, f.Path...)
	if err != nil || !found {
		return nil
	}
	return value
}

// pointer is the field as JSON patches name it (RFC 6901): /spec/slots.
func (f Field) pointer() string {
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	var b strings.Builder
	for _, name := range f.Path {
		b.WriteString("/" + escape.Replace(name))
	}
	return b.String()
}

// String is the field as messages of the API name it: spec.slots.
func (f Field) String() string {
	return strings.Join(f.Path, ".")
}
