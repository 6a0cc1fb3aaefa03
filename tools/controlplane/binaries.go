package controlplane

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/bazelbuild/rules_go/go/runfiles"
)

// BinariesVariable is the environment variable with the directory of the
// programs, for those who run without Bazel.
const BinariesVariable = "ANNEX_KUBE_BIN"

// Where Bazel puts the programs, relative to the runfiles' root. The BUILD file
// has them as data of this library, and sets these with x_defs to their
// $(rlocationpath).
var (
	etcdRunfile                  string // //tools/controlplane:etcd
	kubeAPIServerRunfile         string // //tools/controlplane:kube-apiserver
	kubeControllerManagerRunfile string // //tools/controlplane:kube-controller-manager
	kubectlRunfile               string // //tools/controlplane:kubectl
)

// Binaries are the files of the programs.
type Binaries struct {
	Etcd                  string
	KubeAPIServer         string
	KubeControllerManager string
	// Kubectl is for callers: a control plane does not run it.
	Kubectl string
}

// FindBinaries finds the programs: in the directory that ANNEX_KUBE_BIN names,
// if it is set, else among Bazel's runfiles. The error names each one that is
// missing, and how to get it.
func FindBinaries() (Binaries, error) {
	var binaries Binaries
	var missing []error
	for _, program := range []struct {
		name, runfile string
		path          *string
	}{
		{"etcd", etcdRunfile, &binaries.Etcd},
		{"kube-apiserver", kubeAPIServerRunfile, &binaries.KubeAPIServer},
		{"kube-controller-manager", kubeControllerManagerRunfile, &binaries.KubeControllerManager},
		{"kubectl", kubectlRunfile, &binaries.Kubectl},
	} {
		path, err := FindProgram(program.name, program.runfile)
		if err != nil {
			missing = append(missing, err)
		}
		*program.path = path
	}
	if len(missing) > 0 {
		return Binaries{}, fmt.Errorf("finding the control plane's programs: %w\n"+
			"run under Bazel, which builds them, or set %s to a directory that has them",
			errors.Join(missing...), BinariesVariable)
	}
	return binaries, nil
}

// FindProgram finds one program as FindBinaries does: in the directory that
// ANNEX_KUBE_BIN names, by its name, or at a path relative to Bazel's runfiles,
// which is empty where Bazel did not build the caller.
func FindProgram(name, runfile string) (string, error) {
	var path string
	switch dir := os.Getenv(BinariesVariable); {
	case dir != "":
		absolute, err := filepath.Abs(filepath.Join(dir, name))
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		path = absolute
	case runfile != "":
		located, err := runfiles.Rlocation(runfile)
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		path = located
	default:
		return "", fmt.Errorf("%s: not built with Bazel, and %s is not set", name, BinariesVariable)
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	if info.IsDir() || info.Mode()&0o111 == 0 {
		return "", fmt.Errorf("%s: %s is not a program", name, path)
	}
	return path, nil
}
