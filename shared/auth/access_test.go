package auth_test

import (
	"slices"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"

	"example.com/annex/shared/auth"
)

// Which rights are lacking is tested where there is an authorizer: e2e/access.
func TestLackString(t *testing.T) {
	t.Parallel()
	for want, attributes := range map[string]authorizationv1.ResourceAttributes{
		`may not watch namespaces: add the rule {apiGroups: [""], resources: ["namespaces"], verbs: ["watch"]} to ClusterRole annex:fleet`:                                                                          {Verb: "watch", Resource: "namespaces"},
		`may not patch flowschemas.flowcontrol.apiserver.k8s.io/status: add the rule {apiGroups: ["flowcontrol.apiserver.k8s.io"], resources: ["flowschemas/status"], verbs: ["patch"]} to ClusterRole annex:fleet`: {Verb: "patch", Group: "flowcontrol.apiserver.k8s.io", Resource: "flowschemas", Subresource: "status"},
		`may not get secrets "fleet-certificates" in namespace harbour: add the rule {apiGroups: [""], resources: ["secrets"], verbs: ["get"], resourceNames: ["fleet-certificates"]} to ClusterRole annex:fleet`:   {Verb: "get", Resource: "secrets", Name: "fleet-certificates", Namespace: "harbour"},
	} {
		lack := auth.Lack{Access: auth.Access{Role: "ClusterRole annex:fleet"}, Attributes: attributes}
		if got := lack.String(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	lack := func(resource, subresource, name, verb string) auth.Lack {
		return auth.Lack{Attributes: authorizationv1.ResourceAttributes{Resource: resource, Subresource: subresource, Name: name, Verb: verb}}
	}
	rules := auth.Rules([]auth.Lack{
		lack("pods", "", "", "get"), lack("pods", "log", "", "get"), lack("pods", "", "", "list"), lack("pods", "", "", "get"), lack("pods", "", "one", "delete"),
	})
	want := []string{
		`{apiGroups: [""], resources: ["pods"], verbs: ["get", "list"]}`,
		`{apiGroups: [""], resources: ["pods/log"], verbs: ["get"]}`,
		`{apiGroups: [""], resources: ["pods"], verbs: ["delete"], resourceNames: ["one"]}`,
	}
	var got []string
	for _, rule := range rules {
		got = append(got, auth.Format(rule))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
