// Package fuzzer fills capacity.example.com objects with random values that the API could hold, for round-trip tests.
package fuzzer

import (
	runtimeserializer "k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/randfill"

	"example.com/annex/servers/capacity/apis/capacity"
)

// Funcs returns the fill functions of the group.
func Funcs(runtimeserializer.CodecFactory) []any {
	return []any{
		func(spec *capacity.ReservationSpec, c randfill.Continue) {
			c.FillNoCustom(spec)
			// v1beta1 has numbers for these, and for no others.
			priorities := []capacity.ReservationPriority{capacity.PriorityLow, capacity.PriorityNormal, capacity.PriorityHigh}
			spec.Priority = priorities[c.Intn(len(priorities))]
		},
	}
}
