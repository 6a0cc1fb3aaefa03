package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// TestVersions fails when a version that Bazel needs before it can read go.mod is another than there.
func TestVersions(t *testing.T) {
	t.Parallel()
	root := parse(t, "../../go.mod")
	for _, tc := range []struct{ what, file, pattern, want string }{
		{"rules_go", "../build/repositories.bzl", `name = "io_bazel_rules_go",\s+module = "github.com/bazelbuild/rules_go",\s+version = "(.*)"`, required(t, root, "github.com/bazelbuild/rules_go")},
		{"kind", "../build/repositories.bzl", `module = "sigs.k8s.io/kind",\s+version = "(.*)"`, required(t, root, "sigs.k8s.io/kind")},
		{"kind", "../kind/node/images.go", `Version = "(.*)"`, required(t, root, "sigs.k8s.io/kind")},
		{"the Go SDK", "../build/repositories.bzl", `name = "go_sdk_files",\s+version = "(.*)"`, strings.TrimPrefix(root.Toolchain.Name, "go")},
	} {
		text, err := os.ReadFile(tc.file)
		if err != nil {
			t.Fatal(err)
		}
		switch found := regexp.MustCompile(tc.pattern).FindSubmatch(text); {
		case found == nil:
			t.Errorf("%s does not say the version of %s as %s", tc.file, tc.what, tc.pattern)
		case string(found[1]) != tc.want:
			t.Errorf("%s says that the version of %s is %s, and go.mod that it is %s", tc.file, tc.what, found[1], tc.want)
		}
	}
}

const kubernetes = "../controlplane/kubernetes"

var (
	// compiled are the programs that Bazel compiles of every version.
	compiled       = regexp.MustCompile(`(?m)^_PROGRAMS = \[(.*)\]$`)
	presentVersion = regexp.MustCompile(`(?m)^KUBERNETES_VERSION = "(.*)"$`)
	release        = regexp.MustCompile(`(?m)^    "(.*)": "(.*)",$`)
)

// TestKubernetes fails when a module with the Kubernetes programs is not of the release that Bazel takes it for, is of staging
// modules of another, or lacks a program that is compiled of every version.
func TestKubernetes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(kubernetes, "versions.bzl"))
	if err != nil {
		t.Fatal(err)
	}
	present := presentVersion.FindSubmatch(text)
	releases := release.FindAllSubmatch(text, -1)
	if present == nil || len(releases) < 2 {
		t.Fatalf("versions.bzl says the present version and the releases otherwise than as %s and %s", presentVersion, release)
	}
	bzl, err := os.ReadFile(kubernetes + ".bzl")
	if err != nil {
		t.Fatal(err)
	}
	programs := compiled.FindSubmatch(bzl)
	if programs == nil {
		t.Fatalf("kubernetes.bzl says the programs otherwise than as %s", compiled)
	}
	seen := false
	for _, found := range releases {
		minor, release := string(found[1]), string(found[2])
		dir := filepath.Join(kubernetes, "v"+minor)
		if minor == string(present[1]) {
			seen, dir = true, kubernetes
		}
		mod := parse(t, filepath.Join(dir, "go.mod"))
		if got := required(t, mod, "k8s.io/kubernetes"); got != release || !strings.HasPrefix(release, "v"+minor+".") {
			t.Errorf("%s requires k8s.io/kubernetes %s, and versions.bzl says that %s is %s", mod.Syntax.Name, got, minor, release)
		}
		has := tools(mod)
		for program := range strings.SplitSeq(string(programs[1]), ", ") {
			if want := "k8s.io/kubernetes/cmd/" + strings.Trim(program, `"`); !slices.Contains(has, want) {
				t.Errorf("%s has no tool %s, which is compiled of every version", mod.Syntax.Name, want)
			}
		}
		// Kubernetes 1.37.2 is of k8s.io/api v0.37.2 and so on.
		staging := "v0" + strings.TrimPrefix(release, "v1")
		if len(mod.Replace) < 20 {
			t.Errorf("%s replaces only %d staging modules", mod.Syntax.Name, len(mod.Replace))
		}
		for _, replace := range mod.Replace {
			if replace.Old.Path != replace.New.Path || replace.New.Version != staging {
				t.Errorf("%s replaces %s by %s, want %s", mod.Syntax.Name, replace.Old.Path, replace.New, staging)
			}
		}
	}
	if !seen {
		t.Errorf("versions.bzl has no release of the present version %s", present[1])
	}
}

func tools(mod *modfile.File) []string {
	var paths []string
	for _, tool := range mod.Tool {
		paths = append(paths, tool.Path)
	}
	return paths
}

func parse(t *testing.T, name string) *modfile.File {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse(name, text, nil)
	if err != nil {
		t.Fatal(err)
	}
	return mod
}

func required(t *testing.T, mod *modfile.File, path string) string {
	t.Helper()
	for _, require := range mod.Require {
		if require.Mod.Path == path {
			return require.Mod.Version
		}
	}
	t.Fatalf("%s does not require %s", mod.Syntax.Name, path)
	return ""
}
