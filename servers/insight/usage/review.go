package usage

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"example.com/annex/servers/insight/apis/insight"
	topologyv1 "example.com/annex/servers/topology/apis/topology/v1"
)

// Review answers whether one more Reservation would get its slots.
func (s *Source) Review(ctx context.Context, question *insight.UsageReview) (insight.UsageReviewStatus, error) {
	asked := question.Spec
	found, err := s.site(ctx, asked.SiteName)
	if apierrors.IsNotFound(err) {
		return insight.UsageReviewStatus{Reason: insight.ReasonNoSuchSite, Message: fmt.Sprintf("there is no site %q", asked.SiteName)}, nil
	}
	if err != nil {
		return insight.UsageReviewStatus{}, err
	}
	return found.review(asked), nil
}

func (s site) review(asked insight.UsageReviewSpec) insight.UsageReviewStatus {
	usage := s.usage()
	answer := insight.UsageReviewStatus{FreeSlots: max(0, usage.Slots.Free)}
	lower := int64(0)
	for _, p := range usage.Priorities {
		if compare(p.Priority, asked.Priority) < 0 {
			lower += p.Reservations.Bound
		}
	}
	if s.Spec.AllocationPolicy == topologyv1.AllocateByPriority {
		// What is held beyond what there is would have to be given back first.
		answer.ReclaimableSlots = max(0, lower+min(0, usage.Slots.Free))
	}
	wanted := int64(asked.Slots)
	switch {
	case s.Status.Phase != topologyv1.SiteOnline:
		answer.Reason = insight.ReasonNotOnline
		answer.Message = fmt.Sprintf("site %q is %s, and gives out no slots", s.Name, s.Status.Phase)
	case wanted <= answer.FreeSlots:
		answer.Fits, answer.Reason = true, insight.ReasonFree
		answer.Message = fmt.Sprintf("%d of the %d slots that are free at site %q", wanted, answer.FreeSlots, s.Name)
	case wanted <= answer.FreeSlots+answer.ReclaimableSlots:
		answer.Fits, answer.Reason = true, insight.ReasonReclaimable
		answer.Message = fmt.Sprintf("%d slots are free at site %q, and Reservations of lower priority than %s hold %d more",
			answer.FreeSlots, s.Name, asked.Priority, answer.ReclaimableSlots)
	default:
		answer.Reason = insight.ReasonTooFewSlots
		answer.Message = fmt.Sprintf("%d slots are wanted; at site %q %d are free, and %d are held by Reservations that would lose them",
			wanted, s.Name, answer.FreeSlots, answer.ReclaimableSlots)
	}
	return answer
}
