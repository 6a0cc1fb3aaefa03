package framework

import (
	"fmt"
	"os/exec"

	"example.com/annex/tools/controlplane"
)

// findBinaries finds the Kubernetes programs. A cluster with nodes needs kubectl
// alone, and outside of Bazel the one on PATH will do.
func findBinaries(cluster string) (controlplane.Binaries, error) {
	binaries, err := controlplane.FindBinaries()
	if err == nil || underBazel() {
		return binaries, err
	}
	if cluster != "controlplane" {
		if binaries.Kubectl, err = exec.LookPath("kubectl"); err != nil {
			return binaries, fmt.Errorf("finding kubectl: %w; put it on PATH, or set %s to a directory that has it", err, controlplane.BinariesVariable)
		}
		return binaries, nil
	}
	return binaries, fmt.Errorf("%w\nor leave out the end-to-end tests with -short", err)
}
