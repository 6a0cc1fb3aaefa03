package machine

import (
	"context"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"example.com/annex/servers/inventory/apis/inventory"
	"example.com/annex/servers/inventory/apis/inventory/validation"
	"example.com/annex/shared/registry"
)

// strategy is what is particular to Machines when they are written.
var strategy = registry.Strategy[*inventory.Machine, inventory.MachineSpec, inventory.MachineStatus]{
	Spec:   func(m *inventory.Machine) *inventory.MachineSpec { return &m.Spec },
	Status: func(m *inventory.Machine) *inventory.MachineStatus { return &m.Status },
	Validate: func(_ context.Context, m *inventory.Machine) field.ErrorList {
		return validation.ValidateMachine(m)
	},
	ValidateStatusUpdate: func(_ context.Context, m, old *inventory.Machine) field.ErrorList {
		return validation.ValidateMachineStatusUpdate(m, old)
	},
}
