package conformance

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// malformedMetadata are objects that are valid but for their metadata.
func (v victim) malformedMetadata() []malformed {
	var requests []malformed
	for _, name := range []string{
		"", "New", "a_b", "-a", "a-", ".", "..", "a/b", "../a", "a%2Fb", "a b", " a", "a.", ".a", "a..b", "ä", "名", "🙂", "a\\u0000", "a\\n", `a\"b`,
		strings.Repeat("a", 253), strings.Repeat("a", 254), strings.Repeat("a.", 126) + "a", strings.Repeat("a", 64), "a:b", "a;b", "%", "*", "$(a)", "{{a}}",
	} {
		request := post("the name "+name, v.body(`"name":"`+name+`"`))
		request.nameLength = len(name)
		requests = append(requests, request)
	}
	for _, name := range []string{"A", "-", "a_", "a/", "..", strings.Repeat("a", 250), strings.Repeat("a", 260), "🙂", "%"} {
		// The name that is made of it has random letters.
		requests = append(requests, loose(post("generating the name "+name, v.body(`"generateName":"`+name+`"`))))
	}
	for _, m := range []struct{ name, metadata string }{
		{"no name", ``},
		{"a name that is a number", `"name":1`},
		{"a name that is null", `"name":null`},
		{"another namespace", `"name":"new","namespace":"other"`},
		{"a namespace that is none", `"name":"new","namespace":"Not A Namespace"`},
		{"a resourceVersion", `"name":"new","resourceVersion":"1"`},
		{"a resourceVersion that is none", `"name":"new","resourceVersion":"abc"`},
		{"a resourceVersion that is a number", `"name":"new","resourceVersion":1`},
		{"a uid", `"name":"new","uid":"mine"`},
		{"a generation that is a string", `"name":"new","generation":"1"`},
		{"a generation that is negative", `"name":"new","generation":-1`},
		{"a generation of 20 digits", `"name":"new","generation":99999999999999999999`},
		{"a creationTimestamp that is none", `"name":"new","creationTimestamp":"yesterday"`},
		{"a creationTimestamp that is a number", `"name":"new","creationTimestamp":0`},
		{"a creationTimestamp of the year 10000", `"name":"new","creationTimestamp":"10000-01-01T00:00:00Z"`},
		{"a deletionTimestamp", `"name":"new","deletionTimestamp":"2020-01-01T00:00:00Z"`},
		{"a grace period that is negative", `"name":"new","deletionGracePeriodSeconds":-1`},
		{"labels that are a list", `"name":"new","labels":[]`},
		{"a label that is a number", `"name":"new","labels":{"a":1}`},
		{"a label that is null", `"name":"new","labels":{"a":null}`},
		{"a label key that is none", `"name":"new","labels":{"a b":"c"}`},
		{"a label key that is empty", `"name":"new","labels":{"":"c"}`},
		{"a label key that is long", `"name":"new","labels":{"` + strings.Repeat("a", 64) + `":"c"}`},
		{"a label key with two slashes", `"name":"new","labels":{"a/b/c":"d"}`},
		{"a label value that is none", `"name":"new","labels":{"a":"b c"}`},
		{"a label value that is long", `"name":"new","labels":{"a":"` + strings.Repeat("b", 64) + `"}`},
		{"an annotation key that is none", `"name":"new","annotations":{"a b":"c"}`},
		{"annotations of more than 256 KiB", `"name":"new","annotations":{"a":"` + strings.Repeat("b", 256<<10) + `"}`},
		{"finalizers that are a string", `"name":"new","finalizers":"a"`},
		{"a finalizer without a domain", `"name":"new","finalizers":["a"]`},
		{"a finalizer that is none", `"name":"new","finalizers":["a b/c"]`},
		{"finalizers of both kinds of propagation", `"name":"new","finalizers":["orphan","foregroundDeletion"]`},
		{"an owner without anything", `"name":"new","ownerReferences":[{}]`},
		{"two owners that control", `"name":"new","ownerReferences":[{"apiVersion":"v1","kind":"A","name":"a","uid":"a","controller":true},{"apiVersion":"v1","kind":"A","name":"b","uid":"b","controller":true}]`},
		{"an owner that may be none", `"name":"new","ownerReferences":[{"apiVersion":"v1","kind":"Event","name":"a","uid":"a"}]`},
		{"managedFields of no operation", `"name":"new","managedFields":[{"manager":"a"}]`},
		{"managedFields of an unknown type", `"name":"new","managedFields":[{"manager":"a","operation":"Update","fieldsType":"FieldsV9","fieldsV1":{}}]`},
		{"managedFields that are no fields", `"name":"new","managedFields":[{"manager":"a","operation":"Update","apiVersion":"v9","fieldsType":"FieldsV1","fieldsV1":{"nonsense":1}}]`},
		{"an unknown field", `"name":"new","noSuchField":1`},
	} {
		requests = append(requests, post(m.name, v.body(m.metadata)))
	}
	for _, u := range []struct{ name, metadata string }{
		{"an update of another name", `"name":"other"`},
		{"an update of no name", ``},
		{"an update of another namespace", fmt.Sprintf(`"name":%q,"namespace":"other"`, v.named("target"))},
		{"an update of another uid", fmt.Sprintf(`"name":%q,"uid":"other"`, v.named("target"))},
		{"an update of an old resourceVersion", fmt.Sprintf(`"name":%q,"resourceVersion":"1"`, v.named("target"))},
		{"an update of a resourceVersion that is none", fmt.Sprintf(`"name":%q,"resourceVersion":"abc"`, v.named("target"))},
		{"an update of resourceVersion 0", fmt.Sprintf(`"name":%q,"resourceVersion":"0"`, v.named("target"))},
		{"an update of a resourceVersion of 30 digits", fmt.Sprintf(`"name":%q,"resourceVersion":%q`, v.named("target"), strings.Repeat("9", 30))},
	} {
		requests = append(requests, malformed{name: u.name, method: http.MethodPut, at: "/" + v.named("target"), query: dry, body: v.body(u.metadata)})
	}
	return requests
}

// malformedNames are parts of URLs.
func (v victim) malformedNames() []malformed {
	var requests []malformed
	for _, name := range []string{
		"%2F", "a%2Fb", "%2e%2e", "..", ".", "..%2f..%2fsecrets", "%252e%252e", "A", "a_b", "%20", "%00", "%0a", "%0d%0aX-Injected:%20a", "%C3%A4",
		"%F0%9F%99%82", "%ff", "a.", "-", "*", "%25", "a;b", "a,b", "a:b", "a%3Fb", "a%23b", "%5C", strings.Repeat("a", 254), strings.Repeat("a", 5000), "{name}", "$(id)", "'", "%22",
	} {
		at := "/" + name
		requests = append(requests,
			malformed{name: "get " + name, method: http.MethodGet, at: at},
			malformed{name: "update " + name, method: http.MethodPut, at: at, query: dry, body: v.body(`"name":"a"`)},
			malformed{name: "patch " + name, method: http.MethodPatch, at: at, query: dry, header: header("Content-Type", "application/merge-patch+json"), body: "{}"},
			malformed{name: "delete " + name, method: http.MethodDelete, at: at, query: dry},
			malformed{name: "get the status of " + name, method: http.MethodGet, at: at + "/status"},
		)
		if !v.Namespaced {
			continue
		}
		requests = append(requests,
			malformed{name: "list in " + name, method: http.MethodGet, in: name},
			malformed{name: "create in " + name, method: http.MethodPost, in: name, query: dry, body: v.body(`"name":"a"`)},
			malformed{name: "get in " + name, method: http.MethodGet, in: name, at: "/a"},
			malformed{name: "delete all in " + name, method: http.MethodDelete, in: name, query: dry},
		)
	}
	return requests
}

// malformedQueries are of lists, and of the other verbs.
func (v victim) malformedQueries() []malformed {
	var requests []malformed
	for _, selector := range []string{
		"=", "a=", "=b", "a=b=c", "a==b,", ",", ",,", "a in", "a in (", "a in (b", "a in ()", "a notin b", "!", "!!a", "a b", "a>b", "a<1.5", "-a=b", "a=-b", "a/b/c=d",
		"a='b'", `a="b"`, "a=\x00", "a\n=b", "ä=b", "a=🙂", strings.Repeat("a", 64) + "=b", "a in (" + strings.Repeat("b,", 1000) + "b)", "a=" + strings.Repeat("b", 64), "(a=b)", "a=b;c=d", `a\=b`,
	} {
		requests = append(requests,
			malformed{name: fmt.Sprintf("list with the label selector %.40q", selector), method: http.MethodGet, query: "labelSelector=" + url.QueryEscape(selector)},
			malformed{name: fmt.Sprintf("delete all with the label selector %.40q", selector), method: http.MethodDelete, query: dry + "&labelSelector=" + url.QueryEscape(selector)},
		)
	}
	for _, selector := range []string{
		"=", "metadata.name", "metadata.name=", "metadata.name=a,metadata.name=b", "metadata.name==a", "metadata.name!=a", "metadata.name=a=b", `metadata.name=a\`, `metadata.name=a\b`,
		"metadata.name in (a)", "metadata.name>a", ",", "metadata.name=\x00", "metadata.name=🙂", "metadata.name=A/B", "metadata.name=..", "metadata.name=" + strings.Repeat("a", 254),
	} {
		requests = append(requests,
			malformed{name: fmt.Sprintf("list with the field selector %.40q", selector), method: http.MethodGet, query: "fieldSelector=" + url.QueryEscape(selector)},
			malformed{name: fmt.Sprintf("delete all with the field selector %.40q", selector), method: http.MethodDelete, query: dry + "&fieldSelector=" + url.QueryEscape(selector)},
		)
	}
	for _, selector := range []string{"spec.noSuchField=a", "metadata.labels=a", "metadata.uid=a", "a=b", "🙂=a", "spec=a"} {
		// The message lists what there is.
		requests = append(requests, loose(malformed{name: "list with the field selector " + selector, method: http.MethodGet, query: "fieldSelector=" + url.QueryEscape(selector)}))
	}
	for _, query := range []string{
		"limit=-1", "limit=abc", "limit=1.5", "limit=99999999999999999999", "limit=", "limit=0",
		"timeoutSeconds=-5&watch=true", "timeoutSeconds=abc", "timeoutSeconds=99999999999999999999", "watch=maybe&timeoutSeconds=1", "watch=&timeoutSeconds=1",
		"resourceVersion=abc", "resourceVersion=-1", "resourceVersion=1.5", "resourceVersion=99999999999999999999", "resourceVersion=0x1", "resourceVersion=%20",
		"resourceVersionMatch=Exact", "resourceVersionMatch=NotOlderThan", "resourceVersionMatch=Bogus", "resourceVersionMatch=Bogus&resourceVersion=1",
		"resourceVersionMatch=Exact&resourceVersion=0", "resourceVersionMatch=Exact&resourceVersion=abc", "watch=true&resourceVersionMatch=Exact&resourceVersion=1", "watch=true&resourceVersion=abc",
		"continue=garbage", "continue=%00", "continue=bm9uc2Vuc2U", "continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIuLi8uLi8ifQ", "continue=eyJ2IjoidjkiLCJydiI6MX0",
		"continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiYSJ9", "continue=garbage&resourceVersion=1", "continue=garbage&resourceVersionMatch=Exact", "continue=" + strings.Repeat("a", 20000), "watch=true&continue=garbage&timeoutSeconds=1",
		"sendInitialEvents=true", "watch=true&sendInitialEvents=true", "watch=true&sendInitialEvents=true&resourceVersionMatch=Exact", "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
		"watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=abc&allowWatchBookmarks=true", "watch=true&sendInitialEvents=maybe", "watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&timeoutSeconds=1",
		"allowWatchBookmarks=maybe", "pretty=maybe", "pretty=true", "includeObject=Bogus", "noSuchParameter=a", "limit=1&limit=abc", "labelSelector=a&labelSelector=b", ";", "&&&", "=", "%zz", "limit=%zz",
	} {
		requests = append(requests, malformed{name: "list?" + query[:min(len(query), 80)], method: http.MethodGet, query: query})
	}
	for _, selector := range []string{"a in (" + strings.Repeat("b,", 50000) + "b)", strings.Repeat("a,", 50000) + "a"} {
		requests = append(requests, malformed{name: fmt.Sprintf("list with a label selector of 100 kB: %.10s", selector), method: http.MethodGet, query: "labelSelector=" + url.QueryEscape(selector)})
	}
	for _, query := range []string{"resourceVersion=abc", "resourceVersion=-1", "resourceVersion=99999999999999999999", "pretty=maybe"} {
		requests = append(requests, malformed{name: "get?" + query, method: http.MethodGet, at: "/" + v.named("target"), query: query})
	}
	for _, query := range []string{"dryRun=Some", "dryRun=", "dryRun=All&dryRun=All", "dryRun=All&dryRun=Some", "dryRun=all", "fieldManager=" + strings.Repeat("a", 129) + "&" + dry, "fieldManager=%01&" + dry} {
		requests = append(requests,
			malformed{name: "create?" + query, method: http.MethodPost, query: query, body: v.body(`"name":"Not Valid"`)},
			malformed{name: "update?" + query, method: http.MethodPut, at: "/" + v.named("target"), query: query, body: v.body(`"name":"other"`)},
			malformed{name: "patch?" + query, method: http.MethodPatch, at: "/" + v.named("target"), query: query, header: header("Content-Type", "application/merge-patch+json"), body: `{"metadata":{"name":"other"}}`},
		)
	}
	for _, query := range []string{
		"dryRun=Some", "propagationPolicy=Bogus", "propagationPolicy=", "gracePeriodSeconds=-1", "gracePeriodSeconds=abc", "orphanDependents=maybe", "orphanDependents=true&propagationPolicy=Foreground",
		"ignoreStoreReadErrorWithClusterBreakingPotential=maybe", "ignoreStoreReadErrorWithClusterBreakingPotential=true",
	} {
		requests = append(requests, malformed{name: "delete?" + query, method: http.MethodDelete, at: "/" + v.named("absent"), query: query})
		if query != "dryRun=Some" {
			query += "&" + dry
		}
		requests = append(requests, malformed{name: "delete all?" + query, method: http.MethodDelete, query: query + "&labelSelector=no%3Dsuch"})
	}
	for _, options := range []string{
		`{"dryRun":["Some"]}`, `{"preconditions":{"uid":1}}`, `{"preconditions":{"resourceVersion":"abc"}}`, `{"gracePeriodSeconds":"1"}`, `{"propagationPolicy":"Bogus"}`,
		`{"kind":"DeleteOptions","apiVersion":"v1","noSuchField":1}`, `{"kind":"DeleteOptions","apiVersion":"v9"}`, `{"kind":"Status","apiVersion":"v1"}`, `{"orphanDependents":true,"propagationPolicy":"Orphan"}`,
	} {
		requests = append(requests, malformed{name: "delete with the options " + options, method: http.MethodDelete, at: "/" + v.named("absent"), body: options})
	}
	return requests
}

// malformedMethods are verbs where they do not belong.
func (v victim) malformedMethods() []malformed {
	valid := v.body(`"name":"new"`)
	target := "/" + v.named("target")
	var requests []malformed
	for _, m := range []struct{ name, method, at string }{
		{"POST to an object", http.MethodPost, target},
		{"POST to a status", http.MethodPost, target + "/status"},
		{"PUT to the collection", http.MethodPut, ""},
		{"PATCH of the collection", http.MethodPatch, ""},
		{"DELETE of a status", http.MethodDelete, target + "/status"},
		{"TRACE of an object", http.MethodTrace, target},
		{"PROPFIND of an object", "PROPFIND", target},
		{"OPTIONS of the collection", http.MethodOptions, ""},
		{"HEAD of an object", http.MethodHead, target},
		{"HEAD of the collection", http.MethodHead, ""},
		{"a method that is none", "BREW", target},
		{"a method in lower case", "get", target},
		{"an unknown subresource", http.MethodGet, target + "/nosuchsubresource"},
		{"an unknown subresource to write", http.MethodPut, target + "/nosuchsubresource"},
		{"a subresource of a subresource", http.MethodGet, target + "/status/status"},
		{"a slash at the end", http.MethodGet, "/"},
		{"a slash at the end of an object", http.MethodGet, target + "/"},
		{"two slashes", http.MethodGet, "/" + target},
		{"the status of an object that is not there", http.MethodGet, "/" + v.named("absent") + "/status"},
		{"a body that is no status", http.MethodPut, target + "/status"},
	} {
		request := malformed{name: m.name, method: m.method, at: m.at, query: dry}
		if m.method == http.MethodPost || m.method == http.MethodPut || m.method == http.MethodPatch {
			request.body = valid
		}
		requests = append(requests, request)
	}
	return requests
}
