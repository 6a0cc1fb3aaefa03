package framework

import (
	"fmt"
	"os/exec"

	"example.com/annex/tools/controlplane"
)

// findKubectl finds the kubectl that was built with the control plane. Outside
// of Bazel, with an existing cluster, the one on PATH will do.
func findKubectl() (string, error) {
	binaries, err := controlplane.FindBinaries()
	if err == nil {
		return binaries.Kubectl, nil
	}
	if underBazel() {
		return "", err
	}
	path, lookErr := exec.LookPath("kubectl")
	if lookErr != nil {
		return "", fmt.Errorf("%w, or put kubectl on PATH", err)
	}
	return path, nil
}
