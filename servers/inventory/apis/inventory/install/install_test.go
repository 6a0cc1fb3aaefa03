package install

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/annex/servers/inventory/apis/inventory"
	"example.com/annex/servers/inventory/apis/inventory/fuzzer"
	"example.com/annex/servers/inventory/apis/inventory/v1"
	"example.com/annex/servers/inventory/apis/inventory/v1beta1"
	"example.com/annex/shared/apitest"
)

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	apitest.RoundTrip(t, apitest.Scheme(t, Install), fuzzer.Funcs)
}

func TestCompatibility(t *testing.T) {
	t.Parallel()
	apitest.Compatibility(t, apitest.Scheme(t, Install), inventory.GroupName)
}

// TestDefaults: each version has a default of its own.
func TestDefaults(t *testing.T) {
	t.Parallel()
	scheme := apitest.Scheme(t, Install)
	one, older := &v1.Machine{}, &v1beta1.Machine{}
	scheme.Default(one)
	scheme.Default(older)
	if one.Spec.Lifecycle != v1.MachineInService || older.Spec.State != v1beta1.MachineOrdered {
		t.Errorf("got %q in v1 and %q in v1beta1, want InService and Ordered", one.Spec.Lifecycle, older.Spec.State)
	}
}

func TestConversion(t *testing.T) {
	t.Parallel()
	meta := metav1.ObjectMeta{Name: "a", Generation: 2}
	seen := metav1.Unix(3, 0)
	scheme := apitest.Scheme(t, Install)
	internal := &inventory.Machine{
		ObjectMeta: meta,
		Spec: inventory.MachineSpec{
			AssetTag: "T1", SiteCode: "ams1", Position: inventory.MachinePosition{Rack: "r7", Unit: 3}, Cores: 4, MemoryMiB: 8192,
			Lifecycle: inventory.MachineRetired, PurchasedOn: "2026-01-31", MonthlyCost: "1.50", Description: "old",
		},
		Status: inventory.MachineStatus{Number: 7, LastSeenTime: &seen, ObservedGeneration: 1},
	}
	apitest.Convert(t, scheme, &v1.Machine{
		ObjectMeta: meta,
		Spec: v1.MachineSpec{
			AssetTag: "T1", SiteCode: "ams1", Position: v1.MachinePosition{Rack: "r7", Unit: 3}, Cores: 4, MemoryMiB: 8192,
			Lifecycle: v1.MachineRetired, PurchasedOn: "2026-01-31", MonthlyCost: "1.50", Description: "old",
		},
		Status: v1.MachineStatus{Number: 7, LastSeenTime: &seen, ObservedGeneration: 1},
	}, internal)
	apitest.Convert(t, scheme, &v1beta1.Machine{
		ObjectMeta: meta,
		Spec: v1beta1.MachineSpec{
			AssetTag: "T1", Site: "ams1", Rack: "r7", RackUnit: 3, Cores: 4, MemoryMiB: 8192,
			State: v1beta1.MachineRetired, PurchasedOn: "2026-01-31", MonthlyCost: "1.50", Description: "old",
		},
		Status: v1beta1.MachineStatus{Number: 7, LastSeen: &seen, ObservedGeneration: 1},
	}, internal)
}
