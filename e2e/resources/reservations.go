package resources

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"example.com/annex/e2e/conformance"
)

// Reservations are reservations.capacity.example.com: v1 and v1beta1.
func Reservations() []conformance.Resource {
	v1, v1beta1 := reservations("v1"), reservations("v1beta1")

	v1.Sample = `spec: {siteName: ams-1, slots: 4}`
	slots, siteName := []string{"spec", "slots"}, []string{"spec", "siteName"}
	v1.Change = conformance.Field{Path: slots, Value: int64(8)}
	v1.Scale = &conformance.Field{Path: slots, Value: int64(6)}
	v1.Immutable = &conformance.Field{Path: siteName, Value: "lon-1"}
	v1.Invalid = []conformance.Field{
		{Path: slots, Value: int64(0)},
		{Path: siteName, Value: "Not A Name"},
		{Path: []string{"spec", "priority"}, Value: "Urgent"},
	}
	v1.Status = &conformance.Field{Path: []string{"status"}, Value: map[string]any{"observedGeneration": int64(1), "phase": "Bound", "boundSlots": int64(4)}}
	v1.Columns = reservationColumns("Normal")
	v1.Selectable = map[string]string{"spec.siteName": "ams-1", "status.phase": "Pending"}
	v1.Reads = map[string]string{
		"v1":      `{spec: {siteName: ams-1, slots: 4, priority: Normal}, status: {phase: Pending}}`,
		"v1beta1": `{spec: {siteRef: {name: ams-1}, request: {slots: 4, priority: 1}}, status: {phase: Pending}}`,
	}

	v1beta1.Sample = `spec: {siteRef: {name: ams-1}, request: {slots: 4}}`
	slots, siteName = []string{"spec", "request", "slots"}, []string{"spec", "siteRef", "name"}
	v1beta1.Change = conformance.Field{Path: slots, Value: int64(8)}
	v1beta1.Scale = &conformance.Field{Path: slots, Value: int64(6)}
	v1beta1.Immutable = &conformance.Field{Path: siteName, Value: "lon-1"}
	v1beta1.Invalid = []conformance.Field{
		{Path: slots, Value: int64(0)},
		{Path: siteName, Value: "Not A Name"},
		{Path: []string{"spec", "request", "priority"}, Value: int64(3)},
	}
	v1beta1.Status = &conformance.Field{Path: []string{"status"}, Value: map[string]any{"observedGeneration": int64(1), "phase": "Bound", "heldSlots": int64(4)}}
	v1beta1.Columns = reservationColumns("Low")
	v1beta1.Selectable = map[string]string{"spec.siteRef.name": "ams-1", "status.phase": "Pending"}
	v1beta1.Reads = map[string]string{
		"v1":      `{spec: {siteName: ams-1, slots: 4, priority: Low}, status: {phase: Pending}}`,
		"v1beta1": `{spec: {siteRef: {name: ams-1}, request: {slots: 4, priority: 0}}, status: {phase: Pending}}`,
	}
	return versions(v1, v1beta1)
}

// reservations are what both versions claim.
func reservations(version string) conformance.Resource {
	return conformance.Resource{
		GVR:            schema.GroupVersionResource{Group: "capacity.example.com", Version: version, Resource: "reservations"},
		Kind:           "Reservation",
		Singular:       "reservation",
		ShortNames:     []string{"rsv"},
		Categories:     []string{"annex"},
		Namespaced:     true,
		Verbs:          stored,
		Subresources:   map[string][]string{"log": {"get"}, "scale": part, "status": part},
		Generation:     true,
		Unconditional:  true,
		StrategicMerge: true,
		Protobuf:       true,
		BuiltInRoles:   true,
		Other:          int64(12),
		Needs:          []string{Site},
	}
}

func reservationColumns(priority string) []conformance.Column {
	return []conformance.Column{
		{Heading: "SITE", Value: "ams-1"},
		{Heading: "SLOTS", Value: "4"},
		{Heading: "BOUND", Value: "0"},
		{Heading: "PHASE", Value: "Pending"},
		{Heading: "PRIORITY", Value: priority, Wide: true},
	}
}
