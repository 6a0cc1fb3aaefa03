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

// openAPITimeout is how long kube-apiserver may take to fetch a server's OpenAPI: it does so when the APIService appears, and then
// every 60 seconds (k8s.io/kube-aggregator/pkg/controllers/openapi/aggregator).
const openAPITimeout = 75 * time.Second

// OpenAPI checks that both versions of the cluster's OpenAPI have the kind and say what every field is for, and kubectl explain
// with them.
func OpenAPI(r Resource) Feature {
	tr := try(r, "OpenAPI", true)
	for _, document := range []struct {
		name string
		path []string
	}{
		{"OpenAPI v3", append([]string{"openapi", "v3"}, r.root()...)},
		{"OpenAPI v2", []string{"openapi", "v2"}},
	} {
		tr.assess(document.name+" describes every field", func(ctx context.Context, t *testing.T) {
			var found openAPI
			var root openAPISchema
			step.Eventually(ctx, t, openAPITimeout, document.name+" of "+r.GVR.GroupVersion().String(), func(ctx context.Context) error {
				var err error
				if found, err = readOpenAPI(ctx, tr.Clients, document.path...); err == nil {
					root, err = found.kind(r)
				}
				return err
			})
			fields := found.walk(root, r.Kind, nil)
			if len(fields) < 4 && !r.takesUnknown("") {
				t.Errorf("the schema has only the fields %v", fields)
			}
			if r.Change.Path != nil && r.Change.Path[0] != "metadata" && !r.takesUnknown(r.Change.Path[0]) {
				at := r.Kind + "." + strings.Join(r.Change.Path, ".")
				_, ok := fields[at]
				_, above := fields[at[:strings.LastIndex(at, ".")]] // Where it is a key of a map.
				if !ok && !above {
					t.Errorf("%s is not there", at)
				}
			}
			for path, field := range fields {
				if strings.TrimSpace(field.Description) == "" {
					tr.builtInSince(ctx, t, "1.37", "the description of "+path)
					t.Errorf("%s is not described", path)
				}
			}
		})
	}
	tr.assess("the request paths of the version are in OpenAPI v3", func(ctx context.Context, t *testing.T) {
		found, err := readOpenAPI(ctx, tr.Clients, append([]string{"openapi", "v3"}, r.root()...)...)
		if err != nil {
			t.Fatal(err)
		}
		path := "/" + strings.Join(r.root(), "/")
		if r.Namespaced {
			path += "/namespaces/{namespace}"
		}
		path += "/" + r.GVR.Resource
		for verb, method := range collectionMethods {
			tr.expectOperation(t, found, path, verb, method, r.Can(verb))
		}
		for verb, method := range namedMethods {
			tr.expectOperation(t, found, path+"/{name}", verb, method, r.Can(verb))
			for name := range r.Subresources {
				tr.expectOperation(t, found, path+"/{name}/"+name, verb, method, r.Has(name, verb))
			}
		}
	})
	tr.assess("kubectl explain", func(ctx context.Context, t *testing.T) {
		out := tr.Kubectl(ctx, t, "explain", "--recursive", "--api-version="+r.GVR.GroupVersion().String(), r.GVR.Resource)
		want := []string{"VERSION:    " + r.GVR.Version, "KIND:       " + r.Kind}
		if r.GVR.Group != "" {
			want = append(want, "GROUP:      "+r.GVR.Group)
		}
		for _, want := range want {
			if !strings.Contains(out, want) {
				t.Errorf("it does not print %q:\n%s", want, out)
			}
		}
		if len(r.Change.Path) > 0 && !r.takesUnknown("") && !strings.Contains(out, r.Change.Path[0]+"\t<") {
			t.Errorf("it does not list %s:\n%s", r.Change.Path[0], out)
		}
		for _, gap := range []string{"<empty>", "<no description>"} {
			// Kubernetes describes no custom resource that takes any field.
			if strings.Contains(out, gap) && !r.takesUnknown("") {
				t.Errorf("it prints %s:\n%s", gap, out)
			}
		}
	})
	return tr.Feature
}

// expectOperation checks that a document has an operation just when it is claimed.
func (tr *trial) expectOperation(t *testing.T, document openAPI, path, verb, method string, claimed bool) {
	t.Helper()
	operations, ok := document.Paths[path]
	if !ok {
		if claimed {
			t.Errorf("%s is not there", path)
		}
		return
	}
	var operation json.RawMessage
	for name, found := range operations {
		if strings.EqualFold(name, method) {
			operation = found
		}
	}
	if claimed != (operation != nil) {
		t.Errorf("%s: the operation for %s (%s) is there: %t, want %t", path, verb, method, operation != nil, claimed)
	}
}

// openAPI is as much of an OpenAPI document, in version 2 or 3, as the feature needs.
type openAPI struct {
	Components struct {
		Schemas map[string]openAPISchema `json:"schemas"`
	} `json:"components"`
	Definitions map[string]openAPISchema              `json:"definitions"`
	Paths       map[string]map[string]json.RawMessage `json:"paths"`
}

type openAPISchema struct {
	Ref                  string                   `json:"$ref"`
	Description          string                   `json:"description"`
	AllOf                []openAPISchema          `json:"allOf"`
	Items                *openAPISchema           `json:"items"`
	AdditionalProperties json.RawMessage          `json:"additionalProperties"`
	Properties           map[string]openAPISchema `json:"properties"`
	Kinds                []struct {
		Group, Version, Kind string
	} `json:"x-kubernetes-group-version-kind"`
}

// readOpenAPI reads the document at a path.
func readOpenAPI(ctx context.Context, clients *step.Clients, path ...string) (openAPI, error) {
	var document openAPI
	data, err := clients.Kubernetes.Discovery().RESTClient().Get().AbsPath(path...).SetHeader("Accept", "application/json").Do(ctx).Raw()
	if err == nil {
		err = json.Unmarshal(data, &document)
	}
	if err != nil {
		return document, fmt.Errorf("reading /%s: %w", strings.Join(path, "/"), err)
	}
	return document, nil
}

// kind is the schema of the resource's kind.
func (d openAPI) kind(r Resource) (openAPISchema, error) {
	for _, schemas := range []map[string]openAPISchema{d.Components.Schemas, d.Definitions} {
		for _, schema := range schemas {
			for _, gvk := range schema.Kinds {
				if gvk.Group == r.GVR.Group && gvk.Version == r.GVR.Version && gvk.Kind == r.Kind {
					return schema, nil
				}
			}
		}
	}
	return openAPISchema{}, fmt.Errorf("no schema there has the kind %s", r.GVK())
}

// upstream is where the schemas of apimachinery are. What metav1 brings is described there.
const upstream = "io.k8s.apimachinery."

// walk lists the fields below a schema by their paths. Objects of apimachinery are not looked into, and those that contain
// themselves once.
func (d openAPI) walk(schema openAPISchema, path string, above []string) map[string]openAPISchema {
	fields := map[string]openAPISchema{}
	add := func(below map[string]openAPISchema) {
		for path, field := range below {
			fields[path] = field
		}
	}
	for name, field := range schema.Properties {
		at := path + "." + name
		fields[at] = field
		add(d.walk(field, at, above))
	}
	for _, part := range schema.parts() {
		add(d.walk(part, path, above))
	}
	name := schema.Ref[strings.LastIndex(schema.Ref, "/")+1:]
	if name == "" || strings.HasPrefix(name, upstream) || slices.Contains(above, name) {
		return fields
	}
	for _, schemas := range []map[string]openAPISchema{d.Components.Schemas, d.Definitions} {
		if referred, ok := schemas[name]; ok {
			add(d.walk(referred, path, append(above[:len(above):len(above)], name)))
		}
	}
	return fields
}

// parts are the schemas that a value, or what is in it without a name, has besides this one.
func (s openAPISchema) parts() []openAPISchema {
	parts := slices.Clone(s.AllOf)
	if s.Items != nil {
		parts = append(parts, *s.Items)
	}
	var values openAPISchema
	if len(s.AdditionalProperties) > 0 && json.Unmarshal(s.AdditionalProperties, &values) == nil {
		parts = append(parts, values)
	}
	return parts
}
