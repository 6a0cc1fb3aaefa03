package controlplane_test

import (
	"context"
	"testing"

	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/controlplanetest"
)

// BenchmarkStart takes the time from nothing to a control plane that is ready.
func BenchmarkStart(b *testing.B) {
	for name, routing := range map[string]bool{"service": false, "endpoints": true} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				plane := controlplanetest.Start(b, controlplane.Options{AggregatorRouting: routing})
				b.StopTimer()
				if err := plane.Stop(context.Background()); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}
