package apiserver_test

import (
	"slices"
	"strings"
	"testing"

	genericoptions "k8s.io/apiserver/pkg/server/options"

	"example.com/annex/shared/apiserver"
)

func TestDefinitionValidate(t *testing.T) {
	t.Parallel()
	if err := wardleDefinition().Validate(); err != nil {
		t.Errorf("a good definition: %v", err)
	}
	for name, tc := range map[string]struct {
		change func(*apiserver.Definition)
		want   string
	}{
		"no name":                {func(d *apiserver.Definition) { d.Name = "" }, `Name ""`},
		"a name with a dot":      {func(d *apiserver.Definition) { d.Name = "a.b" }, `Name "a.b"`},
		"no types":               {func(d *apiserver.Definition) { d.Install = nil }, "Install is not set"},
		"no OpenAPI":             {func(d *apiserver.Definition) { d.OpenAPI = nil }, "OpenAPI is not set"},
		"no groups":              {func(d *apiserver.Definition) { d.Groups = nil }, "Groups is empty"},
		"no versions":            {func(d *apiserver.Definition) { d.Groups[0].Versions = nil }, "Versions is empty"},
		"no resources":           {func(d *apiserver.Definition) { d.Groups[0].Resources = nil }, "Resources is empty"},
		"a version twice":        {func(d *apiserver.Definition) { d.Groups[0].Versions = []string{"v1beta1", "v1beta1"} }, `version "v1beta1" stands twice`},
		"no name of a version":   {func(d *apiserver.Definition) { d.Groups[0].Versions = []string{"1.0"} }, `version "1.0"`},
		"a nil resource":         {func(d *apiserver.Definition) { d.Groups[0].Resources = append(d.Groups[0].Resources, nil) }, "Resources[1] is nil"},
		"a group twice":          {func(d *apiserver.Definition) { d.Groups = append(d.Groups, d.Groups[0]) }, "stands twice"},
		"a plugin without a New": {func(d *apiserver.Definition) { d.Admission = []apiserver.AdmissionPlugin{{Name: "x"}} }, `Admission[0] ("x")`},
		"a resource twice": {func(d *apiserver.Definition) {
			d.Groups[0].Resources = append(d.Groups[0].Resources, d.Groups[0].Resources[0])
		}, `resource "flunders" stands twice`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := wardleDefinition()
			tc.change(&d)
			if err := d.Validate(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
			if _, err := apiserver.NewOptions(d); err == nil {
				t.Error("NewOptions takes it")
			}
		})
	}
}

func TestSchemeRefusesVersionsWithoutTypes(t *testing.T) {
	t.Parallel()
	d := wardleDefinition()
	d.Groups[0].Versions = append(d.Groups[0].Versions, "v7")
	if _, err := d.Scheme(); err == nil || !strings.Contains(err.Error(), "wardle.example.com/v7") {
		t.Errorf("got %v, want an error that names the version", err)
	}
}

func TestSchemeOrdersVersionsAsTheDefinition(t *testing.T) {
	t.Parallel()
	d := wardleDefinition()
	slices.Reverse(d.Groups[0].Versions) // Not the order that upstream's Install sets.
	scheme, err := d.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := scheme.PrioritizedVersionsForGroup(d.Groups[0].Name), d.GroupVersions(); !slices.Equal(got, want) {
		t.Errorf("versions by priority: %v, want %v", got, want)
	}
}

func TestRulesCoverEveryRecommendedPlugin(t *testing.T) {
	t.Parallel()
	covered := map[string]bool{}
	for _, rule := range wardleDefinition().Rules() {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				covered[verb+" "+resource] = true
			}
		}
	}
	// What each plugin that upstream recommends must be able to watch. A new plugin has no line here, and fails.
	watches := map[string][]string{
		"NamespaceLifecycle":        {"namespaces"},
		"MutatingAdmissionPolicy":   {"mutatingadmissionpolicies", "mutatingadmissionpolicybindings"},
		"MutatingAdmissionWebhook":  {"mutatingwebhookconfigurations"},
		"ValidatingAdmissionPolicy": {"validatingadmissionpolicies", "validatingadmissionpolicybindings"},
		"ValidatingAdmissionWebhook": {
			"validatingwebhookconfigurations"},
	}
	for _, plugin := range genericoptions.NewAdmissionOptions().RecommendedPluginOrder {
		if len(watches[plugin]) == 0 {
			t.Errorf("upstream recommends plugin %s: what does it read? Add rules for it", plugin)
		}
		for _, resource := range watches[plugin] {
			if !covered["list "+resource] || !covered["watch "+resource] {
				t.Errorf("plugin %s can't list and watch %s", plugin, resource)
			}
		}
	}
}
