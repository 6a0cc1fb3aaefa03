package claims

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/openapi"
	"k8s.io/client-go/openapi3"
	"k8s.io/kube-openapi/pkg/spec3"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// Schema is what OpenAPI v3 says of a kind. The zero value says nothing.
type Schema struct {
	document *spec3.OpenAPI
	root     *spec.Schema
}

// NewSchema asks the cluster for the schema of a kind. The error says if there is none.
func NewSchema(client openapi.Client, kind schema.GroupVersionKind) (Schema, error) {
	document, err := openapi3.NewRoot(client).GVSpec(kind.GroupVersion())
	if err != nil {
		return Schema{}, fmt.Errorf("asking for OpenAPI v3 of %s: %w", kind.GroupVersion(), err)
	}
	if document.Components == nil {
		return Schema{}, fmt.Errorf("OpenAPI v3 of %s has no schemas", kind.GroupVersion())
	}
	for _, s := range document.Components.Schemas {
		if isKind(s, kind) {
			return Schema{document: document, root: s}, nil
		}
	}
	return Schema{}, fmt.Errorf("OpenAPI v3 of %s has no schema of kind %s", kind.GroupVersion(), kind.Kind)
}

// isKind says whether a schema has the kind among its x-kubernetes-group-version-kind.
func isKind(s *spec.Schema, kind schema.GroupVersionKind) bool {
	kinds, _ := s.Extensions["x-kubernetes-group-version-kind"].([]any)
	for _, each := range kinds {
		k, _ := each.(map[string]any)
		if k["group"] == kind.Group && k["version"] == kind.Version && k["kind"] == kind.Kind {
			return true
		}
	}
	return false
}

// Field is the schema of a field, nil where nothing is said of it.
func (s Schema) Field(path ...string) *spec.Schema {
	field := s.resolve(s.root)
	for _, name := range path {
		if field == nil {
			return nil
		}
		if property, ok := field.Properties[name]; ok {
			field = s.resolve(&property)
		} else if field.AdditionalProperties != nil {
			field = s.resolve(field.AdditionalProperties.Schema)
		} else {
			return nil
		}
	}
	return field
}

// atomic says whether a field, or one that it is in, is written as a whole (x-kubernetes-map-type).
func (s Schema) atomic(path []string) bool {
	for i := range path {
		if field := s.Field(path[:i+1]...); field != nil && field.Extensions["x-kubernetes-map-type"] == "atomic" {
			return true
		}
	}
	return false
}

// open are those of an object and its specification that take fields which the schema has not.
func (s Schema) open() []string {
	var found []string
	for path, field := range map[string]*spec.Schema{"": s.Field(), "spec": s.Field("spec")} {
		if field != nil && field.Extensions["x-kubernetes-preserve-unknown-fields"] == true {
			found = append(found, path)
		}
	}
	slices.Sort(found)
	return found
}

// resolve follows references. A property with a default has its reference within allOf.
func (s Schema) resolve(field *spec.Schema) *spec.Schema {
	const deepest = 10
	for range deepest {
		switch {
		case field == nil:
			return nil
		case field.Ref.String() != "":
			field = s.document.Components.Schemas[strings.TrimPrefix(field.Ref.String(), "#/components/schemas/")]
		case len(field.AllOf) == 1 && len(field.Properties) == 0 && len(field.Type) == 0:
			field = &field.AllOf[0]
		default:
			return field
		}
	}
	return nil
}
