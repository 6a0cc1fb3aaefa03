package command

import (
	"context"
	"errors"
	"strings"

	"example.com/annex/e2e/conformance/claims"
	"example.com/annex/e2e/step"
	"example.com/annex/shared/auth"
	"example.com/annex/tools/annex-conformance/runner"
)

// checkRights fails if somebody may not do all that the features which are going to run may take, and gives the rules that are missing.
// It writes nothing.
func checkRights(ctx context.Context, clients *step.Clients, offers []claims.Offer, plan runner.Plan) error {
	selects, err := plan.Selects()
	if err != nil {
		return err
	}
	var access auth.Access
	known := map[string]bool{}
	for _, o := range offers {
		for _, rule := range o.Rules(func(area string) bool { return selects(o.GVR, area) }) {
			if key := rule.String(); !known[key] {
				known[key] = true
				access.Rules = append(access.Rules, rule)
			}
		}
	}
	lacking, err := access.Lacking(ctx, clients.Kubernetes.AuthorizationV1().SelfSubjectAccessReviews())
	if err != nil || len(lacking) == 0 {
		return err
	}
	var b strings.Builder
	b.WriteString("you lack rights in this cluster: a ClusterRole that gives them to you has these rules:")
	for _, rule := range auth.Rules(lacking) {
		b.WriteString("\n- " + auth.Format(rule))
	}
	return errors.New(b.String())
}
