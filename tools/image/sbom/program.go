package sbom

import (
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/mod/module"
)

// Module is a Go module in an image.
type Module struct {
	module.Version
	// Sum is its line in go.sum, h1:...: a hash over all its files (golang.org/x/mod/sumdb/dirhash).
	Sum string
}

// Program is what a Go program says of itself.
type Program struct {
	// Package is the import path of its main package.
	Package string
	// Go is the version of Go, and with it of the standard library: 1.26.8.
	Go string
	// SHA256 of the file, in hexadecimal.
	SHA256 string
	// Modules that are linked into it, sorted by path; not the one of the main package.
	Modules []Module
}

// ReadProgram reads what was linked into a program, and looks up the hashes in those of go.sum.
func ReadProgram(path string, sums map[module.Version]string) (*Program, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the build information of %s: %w", path, err)
	}
	if len(info.Deps) == 0 {
		return nil, fmt.Errorf("%s does not say which modules it is made of: rules_go writes it, if repositories have package_metadata", path)
	}
	program := &Program{Package: info.Path, Go: strings.TrimPrefix(info.GoVersion, "go")}
	for _, dependency := range info.Deps {
		version := module.Version{Path: dependency.Path, Version: dependency.Version}
		sum, ok := sums[version]
		if !ok {
			return nil, fmt.Errorf("%s is made of %s, of which go.sum has no hash: bring Bazel in step with go.mod (./tools/bazel run //tools/godeps)", path, version)
		}
		program.Modules = append(program.Modules, Module{Version: version, Sum: sum})
	}
	slices.SortFunc(program.Modules, func(a, b Module) int { return cmp.Compare(a.Path, b.Path) })
	program.SHA256, err = sha256File(path)
	return program, err
}

func sha256File(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", fmt.Errorf("reading %s: %w", path, err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
