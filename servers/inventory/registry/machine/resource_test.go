package machine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/annex/servers/inventory/apis/inventory"
)

// Every value is another one: none can stand for its neighbour.
func sample() *inventory.Machine {
	return &inventory.Machine{
		ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "b"},
		Spec: inventory.MachineSpec{
			AssetTag: "T1", SiteCode: "ams1", Position: inventory.MachinePosition{Rack: "r7", Unit: 3}, Cores: 4, MemoryMiB: 8192,
			Lifecycle: inventory.MachineRetired,
		},
	}
}

func TestColumns(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for _, column := range Resource.Columns {
		got[column.Name] = fmt.Sprintf("%v %s %d", column.Value(sample()), column.Type, column.Priority)
	}
	want := map[string]string{
		"Site": "ams1  0", "Cores": "4 integer 0", "Lifecycle": "Retired  0", "Seen": "<never>  0",
		"Memory": "8192 integer 1", "Rack": "r7  1", "Asset": "T1  1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values, types and priorities (-want +got):\n%s", diff)
	}
}

func TestSeen(t *testing.T) {
	t.Parallel()
	m := sample()
	m.Status.LastSeenTime = &metav1.Time{Time: time.Now().Add(-3 * time.Hour)}
	if got := seen(m); !strings.HasPrefix(got.(string), "3h") {
		t.Errorf("got %v, want 3h", got)
	}
}

func TestSelectableFields(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for path, value := range Resource.SelectableFields {
		got[path] = value(sample())
	}
	if diff := cmp.Diff(map[string]string{"spec.siteCode": "ams1", "spec.lifecycle": "Retired"}, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}
