package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// TestVersions fails when a version that Bazel needs before it can read go.mod is another than there.
func TestVersions(t *testing.T) {
	t.Parallel()
	root, kubernetes := parse(t, "../../go.mod"), parse(t, "../controlplane/kubernetes/go.mod")
	for _, tc := range []struct{ what, file, pattern, want string }{
		{"rules_go", "../build/repositories.bzl", `name = "io_bazel_rules_go",\s+module = "github.com/bazelbuild/rules_go",\s+version = "(.*)"`, required(t, root, "github.com/bazelbuild/rules_go")},
		{"kind", "../build/repositories.bzl", `module = "sigs.k8s.io/kind",\s+version = "(.*)"`, required(t, root, "sigs.k8s.io/kind")},
		{"kind", "../kind/node/images.go", `Version = "(.*)"`, required(t, root, "sigs.k8s.io/kind")},
		{"the Go SDK", "../build/repositories.bzl", `name = "go_sdk_files",\s+version = "(.*)"`, strings.TrimPrefix(root.Toolchain.Name, "go")},
		{"Kubernetes", "../controlplane/BUILD.bazel", `KUBERNETES_VERSION = "(.*)"`, required(t, kubernetes, "k8s.io/kubernetes")},
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
