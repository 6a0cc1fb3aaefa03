package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"example.com/annex/tools/godeps/gosum"
)

// builderModules are what rules_go's own programs are built from, besides our modules: the requirements of its go.mod
// that ours does not have, with the hashes of its go.sum.
var builderModules = map[module.Version]string{
	{Path: "github.com/aymanbagabas/go-udiff", Version: "v0.4.1"}: "h1:OEIrQ8maEeDBXQDoGCbbTTXYJMYRCRO1fnodZ12Gv5o=",
}

// macro is the text of go_deps.bzl.
func macro(name string, modText, sumText []byte) ([]byte, error) {
	mod, err := modfile.Parse(name, modText, nil)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if len(mod.Replace) > 0 {
		return nil, fmt.Errorf("%s replaces %s: Bazel builds the modules as they are published, so find a version instead", name, mod.Replace[0].Old.Path)
	}
	hashes := gosum.Parse(sumText)
	modules := map[module.Version]string{}
	for version, hash := range builderModules {
		modules[version] = hash
	}
	for _, require := range mod.Require {
		hash, ok := hashes[require.Mod]
		if !ok {
			return nil, fmt.Errorf("go.sum has no hash of %s: run `go mod tidy`", require.Mod)
		}
		modules[require.Mod] = hash
	}

	ordered := make([]module.Version, 0, len(modules))
	for version := range modules {
		ordered = append(ordered, version)
	}
	slices.SortFunc(ordered, func(a, b module.Version) int {
		return strings.Compare(repository(a.Path), repository(b.Path))
	})
	var b bytes.Buffer
	b.WriteString(header)
	for _, version := range ordered {
		fmt.Fprintf(&b, entry, repository(version.Path), version.Path, modules[version], version.Version)
	}
	return b.Bytes(), nil
}

// repository is the name that gazelle gives to a module's repository: github.com/a/b-c is com_github_a_b_c.
func repository(path string) string {
	host, rest, _ := strings.Cut(strings.ToLower(path), "/")
	labels := strings.Split(host, ".")
	slices.Reverse(labels)
	name := strings.Join(labels, "_")
	if rest != "" {
		name += "_" + rest
	}
	return strings.NewReplacer("/", "_", "-", "_", ".", "_", "~", "_").Replace(name)
}

const header = `"""The Go modules of go.mod. Written by tools/godeps: change go.mod, then ./tools/bazel run //tools/godeps"""

load("@bazel_gazelle//:deps.bzl", "go_repository")

def go_deps():
    """Declares a repository for each module."""
`

// entry: protobuf code is taken as the modules have it, and their own BUILD files are not.
const entry = `    go_repository(
        name = "%s",
        build_file_generation = "clean",
        build_file_proto_mode = "disable_global",
        importpath = "%s",
        sum = "%s",
        version = "%s",
    )
`
