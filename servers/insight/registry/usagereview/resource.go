// Package usagereview is the REST resource of UsageReviews.
package usagereview

import (
	"example.com/annex/servers/insight/apis/insight"
	"example.com/annex/servers/insight/usage"
	"example.com/annex/shared/registry"
)

// Resource is usagereviews.
var Resource = registry.Review[*insight.UsageReview, insight.UsageReviewStatus]{
	Plural:        "usagereviews",
	Singular:      "usagereview",
	ClusterScoped: true,
	New:           func() *insight.UsageReview { return &insight.UsageReview{} },
	Status:        func(r *insight.UsageReview) *insight.UsageReviewStatus { return &r.Status },
	Sources:       usage.Resources,
	Reviewer: func(o registry.Options) (registry.Reviewer[*insight.UsageReview, insight.UsageReviewStatus], error) {
		return usage.NewSource(o.Reflectors)
	},
}
