package bazellist

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"example.com/annex/tools/codegen/apis"
	"example.com/annex/tools/codegen/generator"
	"example.com/annex/tools/codegen/regeneration"
)

// Path is the list's file, relative to the checkout.
const Path = "tools/codegen/apis.bzl"

// Compare returns the change that brings a checkout's list in step with its servers: one or none.
func Compare(checkout string, servers []apis.Server) ([]regeneration.Change, error) {
	old, err := os.ReadFile(filepath.Join(checkout, filepath.FromSlash(Path)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the list of API packages: %w", err)
	}
	if list := Render(servers); string(old) != list {
		return []regeneration.Change{{Path: Path, Old: old, New: []byte(list)}}, nil
	}
	return nil, nil
}

// Render writes the list, as buildifier would.
func Render(servers []apis.Server) string {
	var b strings.Builder
	b.WriteString("\"\"\"The API packages of all servers, and their .proto files. Written by //tools/codegen.\"\"\"\n\n")
	b.WriteString("API_PACKAGES = [\n")
	for _, s := range servers {
		for _, p := range s.Packages {
			fmt.Fprintf(&b, "    %q,\n", label(p.Dir))
		}
	}
	b.WriteString("]\n\n")
	b.WriteString("API_PROTOS = [\n")
	for _, s := range servers {
		for _, p := range s.Tagged(generator.ProtobufTag) {
			fmt.Fprintf(&b, "    %q,\n", "//"+p.Dir+":"+protosName)
		}
	}
	b.WriteString("]\n")
	return b.String()
}

// protosName is what gazelle calls the filegroup of a package's .proto files (with "# gazelle:proto legacy").
const protosName = "go_default_library_protos"

var version = regexp.MustCompile(`^v[0-9]+$`)

// label is the label of a package's library: its directory, whose last element is also the target's name, unless it is a major
// version: then gazelle (go_naming_convention import) takes the element before.
func label(dir string) string {
	if parent, last := path.Split(dir); version.MatchString(last) {
		return "//" + dir + ":" + path.Base(parent)
	}
	return "//" + dir
}
