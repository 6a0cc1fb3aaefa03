package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/annex/e2e/step"
)

// openAPITimeout is how long kube-apiserver may take to fetch a server's
// OpenAPI: it does so when the APIService appears, and then every 60 seconds
// (k8s.io/kube-aggregator/pkg/controllers/openapi/aggregator).
const openAPITimeout = 75 * time.Second

// Explain checks that kubectl explain tells what every field is for.
func OpenAPI(r Resource) Feature {
	tr := try(r, "OpenAPI", true)
	var document openAPI
	var root string
	tr.assess("OpenAPI v3 has the kind", func(ctx context.Context, t *testing.T) {
		step.Eventually(ctx, t, openAPITimeout, "OpenAPI v3 of "+r.GVR.GroupVersion().String(), func(ctx context.Context) error {
			data, err := tr.Kubernetes.Discovery().RESTClient().Get().
				AbsPath("openapi", "v3", "apis", r.GVR.Group, r.GVR.Version).Do(ctx).Raw()
			if err != nil {
				return err
			}
			if err := json.Unmarshal(data, &document); err != nil {
				return fmt.Errorf("decoding it: %w", err)
			}
			for name, schema := range document.Components.Schemas {
				for _, gvk := range schema.Kinds {
					if gvk.Group == r.GVR.Group && gvk.Version == r.GVR.Version && gvk.Kind == r.Kind {
						root = name
						return nil
					}
				}
			}
			return fmt.Errorf("no schema there has the kind %s", r.Kind)
		})
	})
	tr.assess("OpenAPI v2 has the kind", func(ctx context.Context, t *testing.T) {
		step.Eventually(ctx, t, openAPITimeout, "OpenAPI v2", func(ctx context.Context) error {
			data, err := tr.Kubernetes.Discovery().RESTClient().Get().AbsPath("openapi", "v2").
				SetHeader("Accept", "application/json").Do(ctx).Raw()
			if err != nil {
				return err
			}
			var v2 struct {
				Definitions map[string]openAPISchema `json:"definitions"`
			}
			if err := json.Unmarshal(data, &v2); err != nil {
				return fmt.Errorf("decoding it: %w", err)
			}
			for _, definition := range v2.Definitions {
				for _, gvk := range definition.Kinds {
					if gvk.Group == r.GVR.Group && gvk.Version == r.GVR.Version && gvk.Kind == r.Kind {
						return nil
					}
				}
			}
			return fmt.Errorf("no definition there has the kind %s", r.Kind)
		})
	})
	tr.assess("kubectl explain describes every field", func(ctx context.Context, t *testing.T) {
		if root == "" {
			t.Fatal("the schema was not found")
		}
		// Explaining an object prints the description of each of its
		// fields. What metav1 brings is described upstream.
		paths := document.objects(root, []string{r.GVR.Resource}, nil)
		if len(paths) < 2 {
			t.Errorf("the schema has only the objects %v", paths)
		}
		for _, path := range paths {
			out := tr.Kubectl(ctx, t, "explain", "--api-version="+r.GVR.GroupVersion().String(), path)
			for _, want := range []string{"GROUP:      " + r.GVR.Group, "VERSION:    " + r.GVR.Version, "KIND:       " + r.Kind} {
				if !strings.Contains(out, want) {
					t.Errorf("kubectl explain %s does not print %q", path, want)
				}
			}
			for _, gap := range []string{"<empty>", "<no description>"} {
				if strings.Contains(out, gap) {
					t.Errorf("kubectl explain %s prints %s:\n%s", path, gap, out)
				}
			}
		}
	})
	tr.assess("kubectl explain --recursive", func(ctx context.Context, t *testing.T) {
		out := tr.Kubectl(ctx, t, "explain", "--recursive", "--api-version="+r.GVR.GroupVersion().String(), r.GVR.Resource)
		for _, name := range tr.Change.Path {
			if !strings.Contains(out, name+"\t<") {
				t.Errorf("it does not list %s:\n%s", name, out)
			}
		}
	})
	return tr.Feature
}

// openAPI is as much of an OpenAPI v3 document as the feature needs.
type openAPI struct {
	Components struct {
		Schemas map[string]openAPISchema `json:"schemas"`
	} `json:"components"`
}

type openAPISchema struct {
	Ref                  string                   `json:"$ref"`
	AllOf                []openAPISchema          `json:"allOf"`
	Items                *openAPISchema           `json:"items"`
	AdditionalProperties json.RawMessage          `json:"additionalProperties"`
	Properties           map[string]openAPISchema `json:"properties"`
	Kinds                []struct {
		Group, Version, Kind string
	} `json:"x-kubernetes-group-version-kind"`
}

// upstream is where the schemas of apimachinery are.
const upstream = "io.k8s.apimachinery."

// objects lists the paths of the objects under a schema, the schema's own
// first. Objects of apimachinery are left out, and those that contain
// themselves are listed once.
func (d openAPI) objects(name string, path []string, above []string) []string {
	if strings.HasPrefix(name, upstream) || slices.Contains(above, name) {
		return nil
	}
	found := d.Components.Schemas[name]
	if len(found.Properties) == 0 {
		return nil
	}
	paths := []string{strings.Join(path, ".")}
	for field, property := range found.Properties {
		for _, ref := range property.references() {
			paths = append(paths, d.objects(ref, append(slices.Clone(path), field), append(above, name))...)
		}
	}
	return paths
}

// references are the names of the schemas that a property's value may have.
func (s openAPISchema) references() []string {
	var names []string
	if s.Ref != "" {
		names = append(names, strings.TrimPrefix(s.Ref, "#/components/schemas/"))
	}
	for _, each := range s.AllOf {
		names = append(names, each.references()...)
	}
	if s.Items != nil {
		names = append(names, s.Items.references()...)
	}
	var values openAPISchema
	if len(s.AdditionalProperties) > 0 && json.Unmarshal(s.AdditionalProperties, &values) == nil {
		names = append(names, values.references()...)
	}
	return names
}
