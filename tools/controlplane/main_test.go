package controlplane_test

import (
	"fmt"
	"os"
	"testing"

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
