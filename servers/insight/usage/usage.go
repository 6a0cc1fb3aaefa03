package usage

import (
	"cmp"
	"context"
	"maps"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	capacityv1 "example.com/annex/servers/capacity/apis/capacity/v1"
	"example.com/annex/servers/insight/apis/insight"
)

// Get computes the usage of one Site.
func (s *Source) Get(ctx context.Context, name string) (*insight.SiteUsage, error) {
	found, err := s.site(ctx, name)
	if apierrors.IsNotFound(err) {
		return nil, apierrors.NewNotFound(insight.Resource("siteusages"), name)
	}
	if err != nil {
		return nil, err
	}
	return found.usage(), nil
}

// List computes the usage of all Sites.
func (s *Source) List(ctx context.Context) ([]*insight.SiteUsage, error) {
	found, err := s.all(ctx)
	if err != nil {
		return nil, err
	}
	usages := make([]*insight.SiteUsage, 0, len(found))
	for _, one := range found {
		usages = append(usages, one.usage())
	}
	return usages, nil
}

func (s site) usage() *insight.SiteUsage {
	u := &insight.SiteUsage{
		ObjectMeta: metav1.ObjectMeta{Name: s.Name, Labels: maps.Clone(s.Labels), CreationTimestamp: s.CreationTimestamp},
		Region:     s.Spec.Region,
		Phase:      string(s.Status.Phase),
	}
	byPriority := map[insight.Priority]*insight.ReservedSlots{}
	for _, r := range s.reservations {
		if r.Status.Phase == capacityv1.ReservationReleased {
			continue
		}
		priority := insight.Priority(r.Spec.Priority)
		if byPriority[priority] == nil {
			byPriority[priority] = &insight.ReservedSlots{}
		}
		for _, sum := range []*insight.ReservedSlots{&u.Reservations, byPriority[priority]} {
			sum.Count++
			sum.Requested += int64(r.Spec.Slots)
			sum.Bound += int64(r.Status.BoundSlots)
		}
	}
	for priority, sum := range byPriority {
		u.Priorities = append(u.Priorities, insight.PriorityUsage{Priority: priority, Reservations: *sum})
	}
	slices.SortFunc(u.Priorities, func(a, b insight.PriorityUsage) int { return -compare(a.Priority, b.Priority) })
	slots := s.Spec.Capacity
	u.Slots = insight.SiteSlots{
		Total:    slots.Slots,
		Reserved: slots.ReservedSlots,
		Free:     int64(slots.Slots) - int64(slots.ReservedSlots) - u.Reservations.Bound,
	}
	return u
}

// ranks are the priorities, lowest first. One that is not here, of a newer capacity.example.com, is taken for the lowest.
var ranks = []insight.Priority{insight.PriorityLow, insight.PriorityNormal, insight.PriorityHigh}

func compare(a, b insight.Priority) int {
	return cmp.Or(cmp.Compare(slices.Index(ranks, a), slices.Index(ranks, b)), cmp.Compare(a, b))
}
