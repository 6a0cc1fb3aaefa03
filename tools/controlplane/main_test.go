package controlplane_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/netns"
)

// These tests run the real programs: under Bazel its own, else those of
// ANNEX_KUBE_BIN. Without them they fail. They run in a network namespace, for
// the variant with aggregator routing.
func TestMain(m *testing.M) {
	if os.Getenv(ownerVariable) != "" {
		own()
	}
	status, err := netns.Run(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(status)
}

// start starts a control plane for one test, and stops it after.
func start(t *testing.T, options controlplane.Options) *controlplane.ControlPlane {
	t.Helper()
	if options.Dir == "" {
		options.Dir = t.TempDir()
	}
	plane, err := controlplane.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The test's own context is done by now.
		if err := plane.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return plane
}
