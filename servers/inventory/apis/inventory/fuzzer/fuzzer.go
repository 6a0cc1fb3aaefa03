// Package fuzzer fills inventory.example.com objects with random values that the API could hold, for round-trip tests.
package fuzzer

import (
	runtimeserializer "k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/randfill"

	"example.com/annex/servers/inventory/apis/inventory"
)

// Funcs returns the fill functions of the group. Everything that has no default is random.
func Funcs(runtimeserializer.CodecFactory) []any {
	return []any{
		func(spec *inventory.MachineSpec, c randfill.Continue) {
			c.FillNoCustom(spec)
			// Decoding defaults an empty step, so that it wouldn't come back empty.
			if spec.Lifecycle == "" {
				spec.Lifecycle = inventory.MachineOrdered
			}
		},
	}
}
