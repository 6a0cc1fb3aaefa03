// Package fuzzer fills topology.example.com objects with random values that the API could hold, for round-trip tests.
package fuzzer

import (
	"fmt"

	runtimeserializer "k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/randfill"

	"example.com/annex/servers/topology/apis/topology"
)

// Funcs returns the fill functions of the group. Everything that has no default is random.
func Funcs(runtimeserializer.CodecFactory) []any {
	return []any{
		func(spec *topology.SiteSpec, c randfill.Continue) {
			c.FillNoCustom(spec)
			// Decoding defaults an empty policy, so that it wouldn't come back empty.
			if spec.AllocationPolicy == "" {
				spec.AllocationPolicy = topology.AllocateByAge
			}
		},
		func(coordinates *topology.SiteCoordinates, c randfill.Continue) {
			// v1alpha1 holds them in one string: what is not a number may be split elsewhere than it was joined.
			coordinates.Latitude = fmt.Sprintf("%.6f", c.Float64()*180-90)
			coordinates.Longitude = fmt.Sprintf("%.6f", c.Float64()*360-180)
		},
	}
}
