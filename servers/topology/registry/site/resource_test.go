package site

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/annex/servers/topology/apis/topology"
)

// Every value is another one: none can stand for its neighbour.
func sample() *topology.Site {
	return &topology.Site{
		ObjectMeta: metav1.ObjectMeta{Name: "a"},
		Spec: topology.SiteSpec{
			Region:           "eu-west",
			Coordinates:      &topology.SiteCoordinates{Latitude: "52.35", Longitude: "4.83"},
			Capacity:         topology.SiteCapacity{Slots: 40, ReservedSlots: 5},
			AllocationPolicy: topology.AllocateByAge,
		},
		Status: topology.SiteStatus{ObservedGeneration: 3, Phase: topology.SiteOnline},
	}
}

func TestColumns(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for _, column := range Resource.Columns {
		got[column.Name] = fmt.Sprintf("%v %s %d", column.Value(sample()), column.Type, column.Priority)
	}
	want := map[string]string{
		"Region": "eu-west  0", "Slots": "40 integer 0", "Phase": "Online  0",
		"Reserved": "5 integer 1", "Policy": "ByAge  1", "Coordinates": "52.35,4.83  1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values, types and priorities (-want +got):\n%s", diff)
	}
}

func TestColumnWithoutCoordinates(t *testing.T) {
	t.Parallel()
	s := sample()
	s.Spec.Coordinates = nil
	if got := coordinates(s); got != "<unknown>" {
		t.Errorf("got %v, want <unknown>", got)
	}
}

func TestSelectableFields(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for path, value := range Resource.SelectableFields {
		got[path] = value(sample())
	}
	if diff := cmp.Diff(map[string]string{"spec.region": "eu-west", "status.phase": "Online"}, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}
