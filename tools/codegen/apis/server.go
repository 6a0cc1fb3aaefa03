package apis

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Server is the API packages of one server.
type Server struct {
	// Name is the server's directory below servers, for example "capacity".
	Name string
	// Dir is the directory of its APIs, relative to the checkout, for example "servers/capacity/apis".
	Dir string
	// Packages are those with Go files of their own, sorted by import path.
	Packages []Package
}

// Package is one Go package of a server's APIs.
type Package struct {
	// Dir is relative to the checkout, for example "servers/capacity/apis/capacity/v1".
	Dir string
	// ImportPath is the module's path and Dir.
	ImportPath string

	tags map[string]bool
}

// Find finds the servers of a checkout that have APIs, sorted by name. Generated files count neither as Go files nor are
// their tags read: generated tells by name and content which those are.
func Find(checkout fs.FS, module string, generated func(name string, content []byte) bool) ([]Server, error) {
	dirs, err := fs.Glob(checkout, "servers/*/apis")
	if err != nil {
		return nil, fmt.Errorf("looking for servers' API packages: %w", err)
	}
	slices.Sort(dirs)
	var servers []Server
	for _, dir := range dirs {
		packages := map[string]Package{}
		err := fs.WalkDir(checkout, dir, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !isSource(name) {
				return err
			}
			content, err := fs.ReadFile(checkout, name)
			if err != nil || generated(name, content) {
				return err
			}
			parent := path.Dir(name)
			p, seen := packages[parent]
			if !seen {
				p = Package{Dir: parent, ImportPath: path.Join(module, parent), tags: map[string]bool{}}
				packages[parent] = p
			}
			collectTags(content, p.tags)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("reading the API packages in %s: %w", dir, err)
		}
		if len(packages) == 0 {
			continue
		}
		servers = append(servers, Server{
			Name: path.Base(path.Dir(dir)),
			Dir:  dir,
			Packages: slices.SortedFunc(maps.Values(packages), func(a, b Package) int {
				return strings.Compare(a.ImportPath, b.ImportPath)
			}),
		})
	}
	return servers, nil
}

// Tagged returns the packages that have a tag of this name, for example "k8s:deepcopy-gen".
func (s Server) Tagged(name string) []Package {
	var tagged []Package
	for _, p := range s.Packages {
		if p.Tagged(name) {
			tagged = append(tagged, p)
		}
	}
	return tagged
}

// Tagged tells whether the package has a tag of this name.
func (p Package) Tagged(name string) bool { return p.tags[name] }

func isSource(name string) bool {
	return strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
}
