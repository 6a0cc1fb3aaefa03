package apiserver

import (
	"cmp"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle"
	mutatingpolicy "k8s.io/apiserver/pkg/admission/plugin/policy/mutating"
	validatingpolicy "k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	mutatingwebhook "k8s.io/apiserver/pkg/admission/plugin/webhook/mutating"
	validatingwebhook "k8s.io/apiserver/pkg/admission/plugin/webhook/validating"
	genericoptions "k8s.io/apiserver/pkg/server/options"

	"example.com/annex/shared/registry"
)

// Rules are what the server itself reads and writes through the Kubernetes API, besides delegated authentication and
// authorization (the built-in ClusterRole system:auth-delegator and the Role extension-apiserver-authentication-reader
// in kube-system). A ServiceAccount that lacks one of them leaves an informer unsynced: /readyz stays red, or every
// write is refused with "not yet ready to handle request".
//
// They can't foresee the parameters of admission policies: where a policy that matches the server's resources has a
// paramKind, ConfigMap for example, the ServiceAccount must be allowed to list and watch that kind as well. Without
// that, writes are refused with "not yet synced to use for admission"
// (k8s.io/apiserver/pkg/admission/plugin/policy/generic/policy_dispatcher.go).
//
// They are those of a server whose flags switch nothing off, so that manifests are good for any. A running server asks only for
// those that it has a use for.
func (d Definition) Rules() []rbacv1.PolicyRule { return d.rules(everything()) }

// uses are what a server can need rights for, as far as flags decide it.
type uses struct {
	// caBundle is whether it keeps spec.caBundle of its APIServices.
	caBundle bool
	// plugin says whether an admission plugin runs.
	plugin func(name string) bool
	// fairness is whether it has priority and fairness.
	fairness bool
}

func everything() uses {
	return uses{caBundle: true, plugin: func(string) bool { return true }, fairness: true}
}

func (d Definition) rules(u uses) []rbacv1.PolicyRule {
	var rules []rbacv1.PolicyRule
	plugins := slices.DeleteFunc(genericoptions.NewAdmissionOptions().RecommendedPluginOrder, func(name string) bool { return !u.plugin(name) })
	if len(plugins) > 0 {
		// Every recommended admission plugin looks up namespaces, live as well.
		rules = append(rules, rule("", []string{"get", "list", "watch"}, "namespaces"))
	}
	if u.caBundle {
		rules = append(rules, rule(apiregistration, read, "apiservices"))
		// Without names the rule would be about every APIService of the cluster.
		if names := d.apiServices(); len(names) > 0 {
			rules = append(rules, named(rule(apiregistration, []string{"patch"}, "apiservices"), names...))
		}
	}
	for _, plugin := range plugins {
		rules = append(rules, pluginRules[plugin]...)
	}
	if u.fairness {
		// It reads its configuration and reports on it (k8s.io/apiserver/pkg/util/flowcontrol/apf_controller.go).
		rules = append(rules,
			rule("flowcontrol.apiserver.k8s.io", read, "flowschemas", "prioritylevelconfigurations"),
			rule("flowcontrol.apiserver.k8s.io", []string{"patch"}, "flowschemas/status"),
		)
	}
	for _, plugin := range d.admission() {
		if u.plugin(plugin.Name) {
			rules = append(rules, plugin.Rules...)
		}
	}
	return append(rules, d.reads()...)
}

// reads are the rules for what resources are made of, each resource once.
func (d Definition) reads() []rbacv1.PolicyRule {
	var all []schema.GroupResource
	for _, g := range d.Groups {
		for _, r := range g.Resources {
			if reader, ok := r.(registry.Reader); ok {
				all = append(all, reader.Reads()...)
			}
		}
	}
	slices.SortFunc(all, func(a, b schema.GroupResource) int { return cmp.Compare(a.String(), b.String()) })
	var rules []rbacv1.PolicyRule
	for _, source := range slices.Compact(all) {
		rules = append(rules, rule(source.Group, read, source.Resource))
	}
	return rules
}

// NamespacedRules are what the server behind a Service reads and writes in its own namespace: with --certificates=self, the Secret
// that its replicas share. Manifests have it, empty: the right to create it could not be granted for its name alone.
func NamespacedRules(service string) []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{
		named(rule("", []string{"get", "list", "watch", "update"}, "secrets"), CertificatesSecret(service)),
	}
}

const apiregistration = "apiregistration.k8s.io"

// apiServices are the names of the Definition's APIServices.
func (d Definition) apiServices() []string {
	var names []string
	for _, gv := range d.GroupVersions() {
		names = append(names, gv.Version+"."+gv.Group)
	}
	return names
}

func named(rule rbacv1.PolicyRule, names ...string) rbacv1.PolicyRule {
	rule.ResourceNames = names
	return rule
}

// read are the verbs of an informer.
var read = []string{"list", "watch"}

// pluginRules are what the informers of upstream's plugins read, from their SetExternalKubeInformerFactory methods. A
// test fails when upstream recommends a plugin that is not here.
var pluginRules = map[string][]rbacv1.PolicyRule{
	lifecycle.PluginName: nil,
	mutatingpolicy.PluginName: {
		rule("admissionregistration.k8s.io", read, "mutatingadmissionpolicies", "mutatingadmissionpolicybindings"),
	},
	mutatingwebhook.PluginName: {
		rule("admissionregistration.k8s.io", read, "mutatingwebhookconfigurations"),
	},
	validatingpolicy.PluginName: {
		rule("admissionregistration.k8s.io", read, "validatingadmissionpolicies", "validatingadmissionpolicybindings"),
	},
	validatingwebhook.PluginName: {
		rule("admissionregistration.k8s.io", read, "validatingwebhookconfigurations"),
	},
}

func rule(group string, verbs []string, resources ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: resources, Verbs: verbs}
}
