package conformance

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// dry is the query of requests that must not leave anything behind, should they be accepted.
const dry = "dryRun=All"

// post is a create with a body.
func post(name, body string) malformed {
	return malformed{name: name, method: http.MethodPost, query: dry, body: body}
}

func header(name, value string) map[string][]string { return map[string][]string{name: {value}} }

// malformedBodies are no objects of the resource.
func (v victim) malformedBodies() []malformed {
	valid := v.body(`"name":"new"`)
	bodies := []struct{ name, body string }{
		{"an empty body", ""},
		{"blanks", "   "},
		{"a truncated body", valid[:len(valid)/2]},
		{"an empty object", "{}"},
		{"an array", "[" + valid + "]"},
		{"an empty array", "[]"},
		{"null", "null"},
		{"a number", "7"},
		{"a string", `"` + v.Kind + `"`},
		{"no kind", fmt.Sprintf(`{"apiVersion":%q}`, v.GVR.GroupVersion())},
		{"no apiVersion", fmt.Sprintf(`{"kind":%q}`, v.Kind)},
		{"a list", v.bodyOf(v.GVR.GroupVersion().String(), v.Kind+"List", "")},
		{"another kind", v.bodyOf(v.GVR.GroupVersion().String(), "NoSuchKind", `"name":"new"`)},
		{"a kind of the group's options", v.bodyOf(v.GVR.GroupVersion().String(), "DeleteOptions", `"name":"new"`)},
		{"another version", v.bodyOf(v.GVR.Group+"/v9", v.Kind, `"name":"new"`)},
		{"another group", v.bodyOf("nosuch.example.com/v1", v.Kind, `"name":"new"`)},
		{"an apiVersion with two slashes", v.bodyOf("a/b/c", v.Kind, `"name":"new"`)},
		{"an apiVersion that is a number", strings.Replace(valid, fmt.Sprintf("%q", v.GVR.GroupVersion()), "1", 1)},
		{"a kind that is an object", strings.Replace(valid, fmt.Sprintf("%q", v.Kind), "{}", 1)},
		{"text after the object", valid + "}"},
		{"two objects", valid + valid},
		{"metadata that is a string", strings.Replace(valid, `{"name":"new"}`, `"new"`, 1)},
		{"metadata that is null", strings.Replace(valid, `{"name":"new"}`, "null", 1)},
		{"a name twice", v.body(`"name":"new","name":"newer"`)},
		{"a spec that is a string", fmt.Sprintf(`{"apiVersion":%q,"kind":%q,"metadata":{"name":"new"},"spec":"x"}`, v.GVR.GroupVersion(), v.Kind)},
		{"a status that is a list", v.body(`"name":"new"`, `"status":[]`)},
		{"an unknown field", v.body(`"name":"new"`, `"noSuchField":1`)},
		{"deep nesting", v.body(`"name":"new"`, `"noSuchField":`+strings.Repeat("[", 12000)+strings.Repeat("]", 12000))},
		{"deep nesting of objects", v.body(`"name":"new"`, `"noSuchField":`+strings.Repeat(`{"a":`, 12000)+"1"+strings.Repeat("}", 12000))},
		{"deep nesting without an end", strings.Repeat("[", 100000)},
		{"invalid UTF-8", v.body("\"name\":\"new\",\"annotations\":{\"a\":\"\xff\xfe\"}")},
		{"an unpaired surrogate", v.body(`"name":"new","annotations":{"a":"\ud800"}`)},
		{"a NUL byte", v.body("\"name\":\"ne\x00w\"")},
		{"an escaped NUL", v.body(`"name":"ne\u0000w"`)},
		{"NUL bytes alone", strings.Repeat("\x00", 64)},
		{"a byte order mark", "\xef\xbb\xbf" + valid},
		{"an HTML page", "<!DOCTYPE html><html></html>"},
		{"protobuf's first bytes alone", "k8s\x00"},
		{"protobuf's first bytes and garbage", "k8s\x00\xff\xff\xff\xff\xff\xff"},
		{"3 MiB of one string", v.body(`"name":"new","annotations":{"a":"` + strings.Repeat("x", 3<<20) + `"}`)},
		{"4 MiB of blanks", strings.Repeat(" ", 4<<20)},
	}
	var requests []malformed
	for _, b := range bodies {
		create := post(b.name, b.body)
		// What is missing is the kind's.
		create.loosely = slices.Contains([]string{"an empty object", "null", "no kind", "no apiVersion"}, b.name)
		requests = append(requests, create, malformed{
			name: b.name + ", to update", method: http.MethodPut, at: "/" + v.named("target"), query: dry, body: b.body,
		})
		if len(b.body) < 1<<20 {
			requests = append(requests, malformed{
				// Options in a body are all there are: such a request is no dry run.
				name: b.name + ", to delete", method: http.MethodDelete, at: "/" + v.named("absent"), body: b.body,
				// Bodies with the sample in them are options with unknown fields, whose names are the sample's.
				loosely: strings.Contains(b.body, v.fields()),
			})
		}
	}
	for _, validation := range []string{"Strict", "Warn", "Ignore", "bogus", "strict", ""} {
		twice := post("unknown and duplicate fields with fieldValidation="+validation, v.body(`"name":"new","name":"new","noSuchField":1`, `"noSuchField":1`))
		twice.query += "&fieldValidation=" + validation
		requests = append(requests, twice)
	}
	// More than etcd takes (1.5 MiB), and less than a server does. It is no dry run: only etcd refuses it.
	stored := post("more than can be stored", v.body(`"name":"`+v.named("huge")+`","labels":{`+manyLabels(24000)+`}`))
	stored.query = ""
	return append(requests, stored)
}

// manyLabels are n labels of some 80 bytes.
func manyLabels(n int) string {
	labels := make([]string, n)
	for i := range labels {
		labels[i] = fmt.Sprintf(`"label-%06d":"%s"`, i, strings.Repeat("x", 60))
	}
	return strings.Join(labels, ",")
}

// malformedNumbers are values of a field that is an int32.
func (v victim) malformedNumbers() []malformed {
	if _, ok := v.Change.Value.(int64); !ok {
		return nil
	}
	var requests []malformed
	for _, number := range []string{
		"1e400", "-1e400", "1e2", "1.5", "1.0", "2147483648", "-2147483649", "9223372036854775807", "9223372036854775808",
		"123456789012345678901234567890", "0x10", "01", "+1", "NaN", "Infinity", `"4"`, `""`, "true", "[]", "[4]", "{}", "4 4",
	} {
		requests = append(requests, post("the number "+number, v.numbered(number)), malformed{
			name: "a merge patch with the number " + number, method: http.MethodPatch, at: "/" + v.named("target"), query: dry,
			header: header("Content-Type", "application/merge-patch+json"),
			body:   strings.Replace(v.numbered(number), fmt.Sprintf("%q", v.named("new")), fmt.Sprintf("%q", v.named("target")), 1),
		})
	}
	return requests
}

// malformedEncodings are valid objects in encodings that they are not in, and answers that are asked for in none.
func (v victim) malformedEncodings() []malformed {
	valid := v.body(`"name":"new"`)
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write([]byte(valid)); err != nil {
		v.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		v.t.Fatal(err)
	}
	var requests []malformed
	for _, contentType := range [][]string{
		{"text/plain"}, {"application/xml"}, {"multipart/form-data"}, {"application/x-www-form-urlencoded"}, {"application/merge-patch+json"},
		{"garbage"}, {"/"}, {";;;"}, {"application/json; charset=utf-16"}, {"application/json;"}, {"APPLICATION/JSON"}, {"application/json, application/yaml"},
		{"application/json", "application/yaml"}, {"text/plain", "application/json"}, {""}, {"*/*"}, {"application/yaml"}, {"application/json;stream=watch"},
	} {
		request := post(fmt.Sprintf("the Content-Type %q", contentType), valid)
		request.header = map[string][]string{"Content-Type": contentType}
		requests = append(requests, request)
	}
	encoded := post("a gzipped body", zipped.String())
	encoded.header = map[string][]string{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}}
	requests = append(requests, encoded)

	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for i := range 9 {
		from, to := string(rune('a'+i)), string(rune('b'+i))
		bomb += fmt.Sprintf("%s: &%s [%s]\n", to, to, strings.TrimSuffix(strings.Repeat("*"+from+",", 9), ","))
	}
	for _, document := range []struct{ name, body string }{
		{"YAML that is a billion laughs", bomb},
		{"YAML with an alias of itself", "a: &a [*a]\n"},
		{"YAML with an unknown alias", "a: *b\n"},
		{"YAML with tabs", "metadata:\n\tname: new\n"},
		{"YAML with a tag of another language", "metadata: !!python/object:os.system {name: new}\n"},
		{"YAML with two documents", "---\n" + valid + "\n---\n" + valid + "\n"},
		{"YAML with a key that is a list", "? [a, b]\n: c\n"},
		{"YAML with a key twice", "metadata: {name: new}\nmetadata: {name: new}\n"},
		{"YAML that is a scalar", "new"},
		{"YAML in which no is a boolean", "metadata: {name: no}\n"},
		{"YAML nested deeply", strings.Repeat("[", 12000)},
		{"YAML of control characters", "metadata: {name: \"\x01\x02\"}\n"},
	} {
		body := document.body
		if strings.HasPrefix(body, "metadata") {
			body = fmt.Sprintf("apiVersion: %s\nkind: %s\n%s", v.GVR.GroupVersion(), v.Kind, body)
		}
		request := post(document.name, body)
		request.header = header("Content-Type", "application/yaml")
		// Where the rest is missing, what is missing is the kind's.
		request.loosely = strings.HasPrefix(document.body, "metadata")
		requests = append(requests, request)
	}

	for _, accept := range []string{
		"application/xml", "garbage", "text/html", "application/json;q=0", ";;;", "application/json;as=Table;v=v99;g=meta.k8s.io",
		"application/json;as=NoSuchKind;v=v1;g=meta.k8s.io", "application/json;as=Table", "application/json;as=PartialObjectMetadata;g=other.example.com;v=v1",
		"application/yaml;as=Table;g=meta.k8s.io;v=v1", "application/json;stream=watch", "application/json;pretty=perhaps", "image/*",
	} {
		for _, at := range []string{"", "/" + v.named("target"), "/" + v.named("absent"), "/" + v.named("target") + "/status"} {
			requests = append(requests, malformed{
				name: fmt.Sprintf("Accept: %s of %q", accept, strings.Replace(at, v.Namespace, "", 1)), method: http.MethodGet, at: at, header: header("Accept", accept),
			})
		}
	}
	return requests
}
