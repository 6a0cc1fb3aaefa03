package resources

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"example.com/annex/e2e/conformance"
)

// Usages are siteusages.insight.example.com and usagereviews.insight.example.com, which nobody stores.
func Usages() []conformance.Resource {
	insight := schema.GroupVersion{Group: "insight.example.com", Version: "v1"}
	return []conformance.Resource{
		{
			GVR:          insight.WithResource("siteusages"),
			Kind:         "SiteUsage",
			Singular:     "siteusage",
			ShortNames:   []string{"su"},
			Categories:   []string{"annex"},
			Verbs:        []string{"get", "list"},
			Protobuf:     true,
			BuiltInRoles: true,
			Needs:        []string{Site},
			Existing:     "ams-1",
			Selectable:   map[string]string{"region": "eu-west", "phase": "Pending"},
		},
		{
			GVR:      insight.WithResource("usagereviews"),
			Kind:     "UsageReview",
			Singular: "usagereview",
			Verbs:    []string{"create"},
			Needs:    []string{Site},
			Sample:   `spec: {siteName: ams-1, slots: 4}`,
			Invalid: []conformance.Field{
				{Path: []string{"spec", "slots"}, Value: int64(0)},
				{Path: []string{"spec", "siteName"}, Value: "Not A Name"},
			},
			Answer: &conformance.Field{Path: []string{"status", "fits"}, Value: false}, // The site is not Online.
		},
	}
}
