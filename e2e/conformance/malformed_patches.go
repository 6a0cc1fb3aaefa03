package conformance

import (
	"fmt"
	"net/http"
	"strings"

	"k8s.io/apimachinery/pkg/types"
)

// patch is a patch of the target.
func (v victim) patch(name string, contentType types.PatchType, body string) malformed {
	return malformed{
		name: string(contentType) + ": " + name, method: http.MethodPatch, at: "/" + v.named("target"), query: dry,
		header: header("Content-Type", string(contentType)), body: body,
	}
}

// loose is a request whose refusal names fields of the kind.
func loose(m malformed) malformed {
	m.loosely = true
	return m
}

// malformedPatches are of all types but apply.
func (v victim) malformedPatches() []malformed {
	var requests []malformed
	for _, contentType := range []types.PatchType{"application/json", "text/plain", "application/garbage", "", "application/apply-patch+json"} {
		requests = append(requests, v.patch("a patch of no type", contentType, `{"metadata":{"labels":{"a":"b"}}}`))
	}
	for _, p := range []struct{ name, body string }{
		{"no body", ""},
		{"an object", "{}"},
		{"null", "null"},
		{"a string", `"a"`},
		{"truncated", `[{"op":"add"`},
		{"an operation that is none", `[{"op":"bogus","path":"/metadata/labels/a","value":"b"}]`},
		{"no operation", `[{"path":"/metadata/labels/a","value":"b"}]`},
		{"an empty operation", `[{}]`},
		{"an operation that is null", `[null]`},
		{"an operation that is a number", `[1]`},
		{"no path", `[{"op":"add","value":"b"}]`},
		{"a path without a slash", `[{"op":"add","path":"metadata","value":"b"}]`},
		{"a path that is not there", `[{"op":"replace","path":"/no/such/path","value":"b"}]`},
		{"a path into a string", `[{"op":"add","path":"/kind/a","value":"b"}]`},
		{"a path with a bad escape", `[{"op":"add","path":"/metadata/labels/~2","value":"b"}]`},
		{"an index that is out of range", `[{"op":"add","path":"/metadata/managedFields/99999999999","value":{}}]`},
		{"a negative index", `[{"op":"remove","path":"/metadata/managedFields/-1"}]`},
		{"no value", `[{"op":"add","path":"/metadata/labels/a"}]`},
		{"a test that fails", `[{"op":"test","path":"/kind","value":"NoSuchKind"}]`},
		{"a test of what is not there", `[{"op":"test","path":"/no/such","value":1}]`},
		{"removing what is not there", `[{"op":"remove","path":"/metadata/annotations/absent"}]`},
		{"removing all", `[{"op":"remove","path":""}]`},
		{"replacing all", `[{"op":"replace","path":"","value":{}}]`},
		{"replacing all by a string", `[{"op":"replace","path":"","value":"a"}]`},
		{"removing the kind", `[{"op":"remove","path":"/kind"}]`},
		{"another kind", `[{"op":"replace","path":"/kind","value":"NoSuchKind"}]`},
		{"another name", `[{"op":"replace","path":"/metadata/name","value":"other"}]`},
		{"moving a thing into itself", `[{"op":"move","from":"/metadata","path":"/metadata/labels/a"}]`},
		{"copying from nowhere", `[{"op":"copy","from":"/no/such","path":"/metadata/labels/a"}]`},
		{"copies that grow", growingCopies()},
		{"more operations than allowed", "[" + strings.TrimSuffix(strings.Repeat(`{"op":"test","path":"/x","value":1},`, 10001), ",") + "]"},
	} {
		requests = append(requests, v.patch(p.name, types.JSONPatchType, p.body))
	}
	for _, contentType := range []types.PatchType{types.MergePatchType, types.StrategicMergePatchType} {
		for _, p := range []struct{ name, body string }{
			{"no body", ""},
			{"an array", "[]"},
			{"null", "null"},
			{"a number", "7"},
			{"truncated", `{"metadata":{"labels":`},
			{"another kind", `{"kind":"NoSuchKind"}`},
			{"another apiVersion", `{"apiVersion":"v9"}`},
			{"an apiVersion that is a number", `{"apiVersion":9}`},
			{"no kind", `{"kind":null}`},
			{"another name", `{"metadata":{"name":"other"}}`},
			{"no name", `{"metadata":{"name":null}}`},
			{"another uid", `{"metadata":{"uid":"other"}}`},
			{"an old resourceVersion", `{"metadata":{"resourceVersion":"1"}}`},
			{"a resourceVersion that is none", `{"metadata":{"resourceVersion":"abc"}}`},
			{"labels that are a string", `{"metadata":{"labels":"a"}}`},
			{"a label that is a number", `{"metadata":{"labels":{"a":1}}}`},
			{"a label that is none", `{"metadata":{"labels":{"-a-":"-"}}}`},
			{"metadata that is null", `{"metadata":null}`},
			{"managedFields that are wrong", `{"metadata":{"managedFields":[{"operation":"Bogus","fieldsType":"FieldsV9"}]}}`},
			{"managedFields that are a string", `{"metadata":{"managedFields":"a"}}`},
			{"an unknown field", `{"noSuchField":{"a":"b"}}`},
			{"deep nesting", `{"noSuchField":` + strings.Repeat("[", 12000) + strings.Repeat("]", 12000) + "}"},
			{"deep nesting of objects", `{"noSuchField":` + strings.Repeat(`{"a":`, 12000) + "1" + strings.Repeat("}", 12000) + "}"},
			{"annotations of more than 256 KiB", `{"metadata":{"annotations":{"a":"` + strings.Repeat("x", 256<<10+1) + `"}}}`},
			{"more than 3 MiB", `{"metadata":{"annotations":{"a":"` + strings.Repeat("x", 3<<20) + `"}}}`},
			{"invalid UTF-8", "{\"metadata\":{\"annotations\":{\"a\":\"\xff\"}}}"},
		} {
			requests = append(requests, v.patch(p.name, contentType, p.body))
		}
		requests = append(requests, loose(v.patch("all fields null", contentType, `{"spec":null,"status":null}`)))
	}
	for _, p := range []struct{ name, body string }{
		{"a directive that is none", `{"$patch":"bogus"}`},
		{"a directive that is a number", `{"metadata":{"$patch":1}}`},
		{"an order that is no list", `{"metadata":{"$setElementOrder/finalizers":"a"}}`},
		{"an order of other elements", `{"metadata":{"finalizers":["example.com/a"],"$setElementOrder/finalizers":["example.com/b"]}}`},
		{"deleting from a list by a string", `{"metadata":{"$deleteFromPrimitiveList/finalizers":"a"}}`},
		{"deleting from what is no list", `{"metadata":{"$deleteFromPrimitiveList/labels":["a"]}}`},
		{"keys to keep that are no list", `{"metadata":{"$retainKeys":"a"}}`},
		{"a list with elements without a key", `{"metadata":{"ownerReferences":[{"name":"a"}]}}`},
		{"a list with elements that are strings", `{"metadata":{"ownerReferences":["a"]}}`},
		{"a list that is an object", `{"metadata":{"finalizers":{"a":"b"}}}`},
	} {
		requests = append(requests, v.patch(p.name, types.StrategicMergePatchType, p.body))
	}
	requests = append(requests, loose(v.patch("deleting all", types.StrategicMergePatchType, `{"$patch":"delete"}`)),
		loose(v.patch("replacing all", types.StrategicMergePatchType, `{"$patch":"replace"}`)))
	for _, at := range []string{"/" + v.named("absent"), "/" + v.named("target") + "/nosuchsubresource", "/" + v.named("absent") + "/status"} {
		request := v.patch("of what is not there: "+strings.Replace(at, v.Namespace, "", 1), types.MergePatchType, `{"metadata":{"labels":{"a":"b"}}}`)
		request.at = at
		requests = append(requests, request)
	}
	return requests
}

// growingCopies is a JSON patch that doubles an annotation until it is larger than any body may be.
func growingCopies() string {
	operations := []string{
		`{"op":"add","path":"/metadata/annotations","value":{}}`,
		`{"op":"add","path":"/metadata/annotations/a","value":{"x":"` + strings.Repeat("x", 1000) + `"}}`,
	}
	for i := range 20 {
		operations = append(operations, fmt.Sprintf(`{"op":"copy","from":"/metadata/annotations/a","path":"/metadata/annotations/a/%d"}`, i))
	}
	return "[" + strings.Join(operations, ",") + "]"
}

// malformedApplies are server-side applies.
func (v victim) malformedApplies() []malformed {
	target := fmt.Sprintf(`"name":%q`, v.named("target"))
	valid := v.body(target)
	var requests []malformed
	for _, a := range []struct{ name, query, body string }{
		{"no field manager", "", valid},
		{"an empty field manager", "fieldManager=", valid},
		{"a long field manager", "fieldManager=" + strings.Repeat("a", 129), valid},
		{"a field manager of control characters", "fieldManager=a%00%07b", valid},
		{"a force that is none", "fieldManager=e2e&force=maybe", valid},
		{"a dry run of nothing", "fieldManager=e2e&dryRun=Some", valid},
		{"no body", "fieldManager=e2e", ""},
		{"an array", "fieldManager=e2e", "[]"},
		{"null", "fieldManager=e2e", "null"},
		{"garbage", "fieldManager=e2e", "{{{"},
		{"no kind", "fieldManager=e2e", fmt.Sprintf(`{"apiVersion":%q}`, v.GVR.GroupVersion())},
		{"another version", "fieldManager=e2e", v.bodyOf(v.GVR.Group+"/v9", v.Kind, target)},
		{"another group", "fieldManager=e2e", v.bodyOf("nosuch.example.com/v1", v.Kind, target)},
		{"another kind", "fieldManager=e2e", v.bodyOf(v.GVR.GroupVersion().String(), "NoSuchKind", target)},
		{"managedFields", "fieldManager=e2e", v.body(target + `,"managedFields":[{"manager":"a","operation":"Apply"}]`)},
		{"managedFields that are empty", "fieldManager=e2e", v.body(target + `,"managedFields":[]`)},
		{"another name", "fieldManager=e2e", v.body(`"name":"other"`)},
		{"another uid", "fieldManager=e2e", v.body(target + `,"uid":"other"`)},
		{"an old resourceVersion", "fieldManager=e2e", v.body(target + `,"resourceVersion":"1"`)},
		{"an unknown field", "fieldManager=e2e", v.body(target, `"noSuchField":1`)},
		{"a key twice", "fieldManager=e2e", v.body(target + "," + target)},
		{"a label that is a number", "fieldManager=e2e", v.body(target + `,"labels":{"a":1}`)},
		{"finalizers that are there twice", "fieldManager=e2e", v.body(target + `,"finalizers":["example.com/a","example.com/a"]`)},
		{"deep nesting", "fieldManager=e2e", v.body(target, `"noSuchField":`+strings.Repeat("[", 12000)+strings.Repeat("]", 12000))},
		{"an alias of itself", "fieldManager=e2e", "a: &a [*a]\n"},
	} {
		request := v.patch(a.name, types.ApplyYAMLPatchType, a.body)
		request.query = a.query
		if !strings.Contains(a.query, "dryRun") {
			request.query = strings.TrimPrefix(a.query+"&"+dry, "&")
		}
		requests = append(requests, request)
	}
	return requests
}
