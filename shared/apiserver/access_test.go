package apiserver_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/auth"
)

// grants are rights as lines: "whose: namespace: verbs resources.group names".
func grants(whose string, a auth.Access) []string {
	var lines []string
	for _, r := range a.Rules {
		words := []string{strings.Join(r.Verbs, ","), strings.Join(r.Resources, ","), strings.Join(r.APIGroups, ","), strings.Join(r.ResourceNames, ",")}
		line := whose + ": " + strings.TrimSpace(strings.Join(words, " "))
		if a.Namespace != "" {
			line += " in " + a.Namespace
		}
		lines = append(lines, line)
	}
	return lines
}

// What manifests grant is what a server asks for that has only the flags it must have; each flag takes away what it switches off.
func TestAccessFollowsFlags(t *testing.T) {
	t.Parallel()
	definition := wardleDefinition()
	var all []string
	for _, access := range definition.Access("annex-system") {
		all = append(all, grants("own", access)...)
	}
	const webhooks = "admissionregistration.k8s.io"
	policies := func(kind string) string {
		return "own: list,watch " + kind + "admissionpolicies," + kind + "admissionpolicybindings " + webhooks
	}
	secret := func(service string) string {
		return "own: get,list,watch,update secrets  " + service + "-certificates in annex-system"
	}
	aggregation := []string{
		"own: list,watch apiservices apiregistration.k8s.io",
		"own: patch apiservices apiregistration.k8s.io v1beta1.wardle.example.com,v1alpha1.wardle.example.com",
	}
	configuration := func(whose string) string {
		return whose + ": get,list,watch configmaps  extension-apiserver-authentication in kube-system"
	}
	for name, tc := range map[string]struct {
		args        []string
		less, added []string
	}{
		"as installed": {},
		"files": {
			args: []string{"--certificates=files", "--tls-cert-file=tls.crt", "--tls-private-key-file=tls.key"},
			less: append(aggregation, secret("wardle")),
		},
		"temporary": {
			args: []string{"--certificates=temporary"},
			less: append(aggregation, secret("wardle")),
		},
		"another Service": {args: []string{"--service-name=ships"}, less: []string{secret("wardle")}, added: []string{secret("ships")}},
		"a plugin":        {args: []string{"--disable-admission-plugins=ValidatingAdmissionPolicy"}, less: []string{policies("validating")}},
		"a plugin off and on": {args: []string{
			"--disable-admission-plugins=ValidatingAdmissionPolicy", "--enable-admission-plugins=ValidatingAdmissionPolicy",
		}},
		"a gate": {args: []string{"--feature-gates=MutatingAdmissionPolicy=false"}, less: []string{policies("mutating")}},
		"quotas": {args: []string{"--disable-admission-plugins=ResourceQuota"}, less: []string{
			"own: list,watch resourcequotas", "own: update resourcequotas/status",
		}},
		"all that look up namespaces": {
			args: []string{"--disable-admission-plugins=NamespaceLifecycle,MutatingAdmissionPolicy,MutatingAdmissionWebhook,ValidatingAdmissionPolicy,ValidatingAdmissionWebhook"},
			less: []string{
				"own: get,list,watch namespaces", policies("mutating"), policies("validating"),
				"own: list,watch mutatingwebhookconfigurations " + webhooks, "own: list,watch validatingwebhookconfigurations " + webhooks,
			},
		},
		"priority and fairness": {args: []string{"--enable-priority-and-fairness=false"}, less: []string{
			"own: list,watch flowschemas,prioritylevelconfigurations flowcontrol.apiserver.k8s.io", "own: patch flowschemas/status flowcontrol.apiserver.k8s.io",
		}},
		"another who authenticates": {
			args:  []string{"--authentication-kubeconfig=a"},
			less:  []string{"own: create tokenreviews authentication.k8s.io", configuration("own")},
			added: []string{"a: create tokenreviews authentication.k8s.io", configuration("a")},
		},
		"another who authorizes": {
			args:  []string{"--authorization-kubeconfig=a"},
			less:  []string{"own: create subjectaccessreviews authorization.k8s.io"},
			added: []string{"a: create subjectaccessreviews authorization.k8s.io"},
		},
		"no lookup":           {args: []string{"--authentication-skip-lookup"}, less: []string{configuration("own")}},
		"a lookup in vain":    {args: []string{"--authentication-tolerate-lookup-failure"}, less: []string{configuration("own")}},
		"both CAs from files": {args: []string{"--client-ca-file=a", "--requestheader-client-ca-file=b"}, less: []string{configuration("own")}},
		"one CA from a file":  {args: []string{"--client-ca-file=a"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options, err := apiserver.NewOptions(definition)
			if err != nil {
				t.Fatal(err)
			}
			args := append([]string{"--kubeconfig=own", "--certificates=self", "--service-namespace=annex-system"}, tc.args...)
			if err := options.Parse(args); err != nil {
				t.Fatal(err)
			}
			if err := options.Complete(); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, need := range options.Needs() {
				got = append(got, grants(need.Whose(), need.Access)...)
			}
			want := slices.Clone(all)
			for _, line := range tc.less {
				i := slices.Index(want, line)
				if i < 0 {
					t.Fatalf("%q is none of %q", line, all)
				}
				want = slices.Delete(want, i, i+1)
			}
			want = append(want, tc.added...)
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
