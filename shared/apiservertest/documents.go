package apiservertest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/openapi3"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"example.com/annex/shared/apiserver"
)

// aggregatedDiscovery is the media type of discovery version 2 (KEP-3352).
const aggregatedDiscovery = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

// Documents are what a server says of itself, by file names, for golden files: discovery in all its forms, and OpenAPI v2 and v3
// reduced to what is the server's own: its operations, a few lines each, and its types. It fails the test where a document is
// one that clients can't read, or where a field has no description, which kubectl explain would show empty.
func Documents(t *testing.T, server *Server, definition apiserver.Definition) map[string][]byte {
	t.Helper()
	client, err := discovery.NewDiscoveryClientForConfig(server.Config)
	if err != nil {
		t.Fatal(err)
	}
	d := documents{T: t, client: client.RESTClient(), files: map[string][]byte{}}
	if _, err := client.OpenAPISchema(); err != nil {
		t.Errorf("clients can't read OpenAPI v2: %v", err)
	}
	d.add("discovery", d.get("/apis", aggregatedDiscovery))
	groups := map[string]bool{}
	for _, gv := range definition.GroupVersions() {
		if !groups[gv.Group] {
			groups[gv.Group] = true
			d.add(gv.Group, d.get("/apis/"+gv.Group, "application/json"))
		}
		if _, err := openapi3.NewRoot(client.OpenAPIV3()).GVSpec(gv); err != nil {
			t.Errorf("clients can't read OpenAPI v3 of %s: %v", gv, err)
		}
		d.add(gv.Group+"_"+gv.Version, d.get("/apis/"+gv.String(), "application/json"))
		d.add(gv.Group+"_"+gv.Version+"_openapi-v3", d.openAPI("/openapi/v3/apis/"+gv.String(), groups))
	}
	d.add("openapi-v2", d.openAPI("/openapi/v2", groups))
	return d.files
}

type documents struct {
	*testing.T
	client rest.Interface
	files  map[string][]byte
}

// object is a JSON object.
type object = map[string]any

func (d documents) add(name string, document object) {
	d.Helper()
	data, err := yaml.Marshal(document)
	if err != nil {
		d.Fatal(err)
	}
	d.files[name+".yaml"] = data
}

func (d documents) get(path, accept string) object {
	d.Helper()
	data, err := d.client.Get().AbsPath(path).SetHeader("Accept", accept).Do(d.Context()).Raw()
	if err != nil {
		d.Fatalf("getting %s: %v", path, err)
	}
	var document object
	if err := json.Unmarshal(data, &document); err != nil {
		d.Fatalf("decoding %s: %v", path, err)
	}
	return document
}

// openAPI reduces a document, of version 2 or 3, to the operations and the types of the groups.
func (d documents) openAPI(path string, groups map[string]bool) object {
	d.Helper()
	document := d.get(path, "application/json")
	paths, types := object{}, object{}
	for path, item := range document["paths"].(object) {
		if parts := strings.Split(path, "/"); len(parts) > 3 && parts[1] == "apis" && groups[parts[2]] {
			paths[path] = operations(item.(object))
		}
	}
	all, _ := document["definitions"].(object) // version 2
	if components, ok := document["components"].(object); ok {
		all, _ = components["schemas"].(object)
	}
	for name, schema := range all {
		if strings.HasPrefix(name, "io.k8s.") {
			continue
		}
		types[name] = schema
		d.described(path, name, schema.(object))
	}
	if len(paths) == 0 || len(types) == 0 {
		d.Errorf("%s has %d paths and %d types of the server's own", path, len(paths), len(types))
	}
	d.resolved(path, all, document)
	return object{"paths": paths, "types": types}
}

// operations are the operations of a path, each with a line for what it takes and what it answers.
func operations(item object) object {
	short := object{}
	for method, operation := range item {
		o, ok := operation.(object)
		if !ok {
			continue // the parameters that all of them have
		}
		line := object{"operationId": o["operationId"]}
		if p := parameters(item["parameters"], o["parameters"]); p != "" {
			line["parameters"] = p
		}
		if body := media(o["requestBody"]); body != "" {
			line["body"] = body
		}
		for _, types := range []string{"consumes", "produces"} {
			if all, ok := o[types].([]any); ok {
				line[types] = join(all)
			}
		}
		for code, response := range o["responses"].(object) {
			line[code] = media(response)
		}
		short[method] = line
	}
	return short
}

func parameters(lists ...any) string {
	var names []any
	for _, list := range lists {
		all, _ := list.([]any)
		for _, parameter := range all {
			p := parameter.(object)
			name, ok := p["name"]
			if !ok { // version 2 lists most once, for all operations
				name = reference(p)
			}
			if p["in"] == "body" {
				name = fmt.Sprintf("body=%s", reference(p["schema"]))
			}
			names = append(names, name)
		}
	}
	return join(names)
}

// media is the type of a body, or the types, each with the media types that it comes in.
func media(body any) string {
	b, _ := body.(object)
	if b["schema"] != nil { // version 2
		return reference(b["schema"])
	}
	content, _ := b["content"].(object)
	if len(content) == 0 {
		description, _ := b["description"].(string)
		return description
	}
	in := map[string][]any{}
	for name, m := range content {
		t := reference(m.(object)["schema"])
		in[t] = append(in[t], name)
	}
	var all []string
	for _, t := range slices.Sorted(maps.Keys(in)) {
		all = append(all, t+" ("+join(in[t])+")")
	}
	return strings.Join(all, ", ")
}

// reference is the name of the type that a schema refers to, else the type that it says.
func reference(schema any) string {
	s, _ := schema.(object)
	if ref, ok := s["$ref"].(string); ok {
		return ref[strings.LastIndex(ref, "/")+1:]
	}
	return fmt.Sprint(s["type"])
}

func join(values []any) string {
	words := make([]string, 0, len(values))
	for _, v := range values {
		words = append(words, fmt.Sprint(v))
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// described checks that a type, and each of its fields, has a description.
func (d documents) described(path, name string, schema object) {
	d.Helper()
	if schema["description"] == nil {
		d.Errorf("%s: %s has no description", path, name)
	}
	properties, _ := schema["properties"].(object)
	for field, property := range properties {
		if text, _ := property.(object)["description"].(string); text == "" {
			d.Errorf("%s: %s.%s has no description: write a comment on the field", path, name, field)
		}
	}
}

// resolved checks that each type that is referred to is there.
func (d documents) resolved(path string, types object, value any) {
	d.Helper()
	switch v := value.(type) {
	case object:
		ref, _ := v["$ref"].(string)
		name, isType := ref[strings.LastIndex(ref, "/")+1:], strings.Contains(ref, "/definitions/") || strings.Contains(ref, "/schemas/")
		if isType && types[name] == nil {
			d.Errorf("%s refers to %s, which is not there", path, ref)
		}
		for _, child := range v {
			d.resolved(path, types, child)
		}
	case []any:
		for _, child := range v {
			d.resolved(path, types, child)
		}
	}
}
