package validation_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/annex/servers/inventory/apis/inventory"
	"example.com/annex/servers/inventory/apis/inventory/install"
	"example.com/annex/servers/inventory/apis/inventory/v1"
	"example.com/annex/servers/inventory/apis/inventory/validation"
	"example.com/annex/shared/apitest"
)

func TestMachine(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change          func(*inventory.Machine)
		functions, tags []string
	}{
		"nothing is wrong":  {func(*inventory.Machine) {}, nil, nil},
		"a long name":       {func(m *inventory.Machine) { m.Name = strings.Repeat("a", 63) }, nil, nil},
		"too long a name":   {func(m *inventory.Machine) { m.Name = strings.Repeat("a", 64) }, []string{"metadata.name: Invalid value"}, nil},
		"no site":           {func(m *inventory.Machine) { m.Spec.SiteCode = "" }, nil, []string{"spec.siteCode: Required value"}},
		"no cores":          {func(m *inventory.Machine) { m.Spec.Cores = 0 }, nil, []string{"spec.cores: Required value"}},
		"negative cores":    {func(m *inventory.Machine) { m.Spec.Cores = -1 }, nil, []string{"spec.cores: Invalid value"}},
		"no memory":         {func(m *inventory.Machine) { m.Spec.MemoryMiB = 0 }, nil, []string{"spec.memoryMiB: Required value"}},
		"unit 48":           {func(m *inventory.Machine) { m.Spec.Position.Unit = 48 }, nil, nil},
		"unit 49":           {func(m *inventory.Machine) { m.Spec.Position.Unit = 49 }, nil, []string{"spec.position.unit: Invalid value"}},
		"an unknown step":   {func(m *inventory.Machine) { m.Spec.Lifecycle = "Broken" }, nil, []string{"spec.lifecycle: Unsupported value"}},
		"a date":            {func(m *inventory.Machine) { m.Spec.PurchasedOn = "2026-01-31" }, nil, nil},
		"no such date":      {func(m *inventory.Machine) { m.Spec.PurchasedOn = "2026-02-30" }, []string{"spec.purchasedOn: Invalid value"}, nil},
		"the year 0":        {func(m *inventory.Machine) { m.Spec.PurchasedOn = "0000-01-01" }, []string{"spec.purchasedOn: Invalid value"}, nil},
		"an amount":         {func(m *inventory.Machine) { m.Spec.MonthlyCost = "99999999.99" }, nil, nil},
		"too large":         {func(m *inventory.Machine) { m.Spec.MonthlyCost = "100000000" }, []string{"spec.monthlyCost: Invalid value"}, nil},
		"three digits":      {func(m *inventory.Machine) { m.Spec.MonthlyCost = "1.005" }, []string{"spec.monthlyCost: Invalid value"}, nil},
		"a negative amount": {func(m *inventory.Machine) { m.Spec.MonthlyCost = "-1" }, []string{"spec.monthlyCost: Invalid value"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &inventory.Machine{
				ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "b"},
				Spec:       inventory.MachineSpec{SiteCode: "ams1", Cores: 4, MemoryMiB: 8192, Lifecycle: inventory.MachineOrdered},
			}
			tc.change(m)
			got := apitest.Validate(t, apitest.Scheme(t, install.Install), apitest.Write{GroupVersion: v1.SchemeGroupVersion, Object: m}, validation.ValidateMachine(m))
			if diff := cmp.Diff(append(tc.functions, tc.tags...), got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStatusUpdate(t *testing.T) {
	t.Parallel()
	old := &inventory.Machine{ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "b", Generation: 2}, Status: inventory.MachineStatus{ObservedGeneration: 1}}
	for observed, want := range map[int64]int{0: 1, 1: 0, 2: 0, 3: 1} {
		m := old.DeepCopy()
		m.Status.ObservedGeneration = observed
		if errs := validation.ValidateMachineStatusUpdate(m, old); len(errs) != want {
			t.Errorf("observedGeneration %d: %v, want %d errors", observed, errs, want)
		}
	}
}
