package controlplanetest

import (
	"context"
	"testing"

	"example.com/annex/tools/controlplane"
)

// Start starts a control plane for a test, and stops it after. Unless the
// options say otherwise, its directory is Dir.
func Start(t testing.TB, options controlplane.Options) *controlplane.ControlPlane {
	t.Helper()
	if options.Dir == "" {
		options.Dir = Dir(t)
	}
	plane, err := controlplane.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			plane.KeepLogs()
		}
		// The test's own context is done by now.
		if err := plane.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return plane
}
