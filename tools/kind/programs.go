package kind

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bazelbuild/rules_go/go/runfiles"

	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/kind/node"
)

// Where Bazel puts the programs and kind's files, relative to the runfiles' root. The BUILD file sets these with
// --config=kind.
var (
	programRunfiles  string // Of all programs, separated by commas.
	kindFilesRunfile string // Of images/base/files/etc/crictl.yaml in kind's module.
)

// own are the programs of this project: packages below tools/kind.
var own = []string{"crictl", "kindnet", "pause", "runc"}

// findPrograms finds the programs: among Bazel's runfiles, or in the directory that ANNEX_KUBE_BIN names. Without Bazel
// this project's own are compiled into dir, which need not exist.
func findPrograms(dir string) (node.Programs, error) {
	located := map[string]string{}
	for runfile := range strings.SplitSeq(programRunfiles, ",") {
		if runfile == "" {
			continue
		}
		path, err := runfiles.Rlocation(runfile)
		if err != nil {
			return node.Programs{}, fmt.Errorf("finding the programs of a node: %w", err)
		}
		located[filepath.Base(path)] = path
	}
	var programs node.Programs
	var missing []error
	err := programs.Each(func(name string, file *string) error {
		switch path, ok := located[name]; {
		case ok:
			*file = path
		case programRunfiles == "" && slices.Contains(own, name):
			*file = filepath.Join(dir, name)
			return build(name, *file)
		default:
			found, err := controlplane.FindProgram(name, "")
			if err != nil {
				missing = append(missing, err)
			}
			*file = found
		}
		return nil
	})
	if err != nil {
		return node.Programs{}, err
	}
	if len(missing) > 0 {
		return node.Programs{}, fmt.Errorf("finding the programs of a node: %w\nrun under Bazel with --config=kind, which builds them, "+
			"or set %s to a directory that has them: see tools/kind/README.md", errors.Join(missing...), controlplane.BinariesVariable)
	}
	return programs, nil
}

func build(pkg, file string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", file, "example.com/annex/tools/kind/"+pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // It runs where there is no C library.
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compiling %s: %w\n%s", pkg, err, out)
	}
	return nil
}

// findKindFiles finds the directory images/base/files of kind's module: among the runfiles, or in the go command's cache.
func findKindFiles() (string, error) {
	if kindFilesRunfile != "" {
		file, err := runfiles.Rlocation(kindFilesRunfile)
		if err != nil {
			return "", fmt.Errorf("finding kind's files: %w", err)
		}
		return filepath.Dir(filepath.Dir(file)), nil
	}
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kind@"+node.Version).Output()
	if err != nil {
		return "", fmt.Errorf("finding kind's module: %w", err)
	}
	files := filepath.Join(strings.TrimSpace(string(out)), "images", "base", "files")
	if _, err := os.Stat(files); err != nil {
		return "", fmt.Errorf("finding kind's files: %w", err)
	}
	return files, nil
}
