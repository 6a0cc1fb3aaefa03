package reservation

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/annex/servers/capacity/apis/capacity"
)

// Every value is another one: none can stand for its neighbour.
func sample() *capacity.Reservation {
	return &capacity.Reservation{
		ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "b"},
		Spec:       capacity.ReservationSpec{SiteName: "ams-1", Slots: 4, Priority: capacity.PriorityHigh},
		Status:     capacity.ReservationStatus{ObservedGeneration: 3, Phase: capacity.ReservationBound, BoundSlots: 2},
	}
}

func TestColumns(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for _, column := range Resource.Columns {
		got[column.Name] = fmt.Sprintf("%v %s", column.Value(sample()), column.Type)
	}
	want := map[string]string{"Site": "ams-1 ", "Slots": "4 integer", "Bound": "2 integer", "Phase": "Bound ", "Priority": "High "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values and types (-want +got):\n%s", diff)
	}
}

func TestSelectableFields(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for path, value := range Resource.SelectableFields {
		got[path] = value(sample())
	}
	if diff := cmp.Diff(map[string]string{"spec.siteName": "ams-1", "status.phase": "Bound"}, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}
