package registry

import "testing"

func TestFieldPaths(t *testing.T) {
	t.Parallel()
	paths := FieldPaths{"v1": {"spec.capacity": "spec", "spec.capacity.reserved": "spec.kept", "status.phase": "status.state"}}
	for path, want := range map[string]string{
		"spec.capacity":           "spec",
		"spec.capacity.slots":     "spec.slots",
		"spec.capacity[0].slots":  "spec[0].slots",
		"spec.capacity.reserved":  "spec.kept",
		"spec.capacityInPercent":  "spec.capacityInPercent",
		"status.phase":            "status.state",
		"status":                  "status",
		"metadata.labels[status]": "metadata.labels[status]",
	} {
		if got := paths.in("v1", path); got != want {
			t.Errorf("%s in v1: got %s, want %s", path, got, want)
		}
		if got := paths.in("v2", path); got != path {
			t.Errorf("%s in v2: got %s, want the same", path, got)
		}
	}
}
