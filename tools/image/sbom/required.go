package sbom

import (
	"fmt"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// Required looks up modules in a go.mod file that are in an image as data, not as code.
func Required(name string, text []byte, sums map[module.Version]string, paths []string) ([]Module, error) {
	mod, err := modfile.Parse(name, text, nil)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	versions := map[string]module.Version{}
	for _, require := range mod.Require {
		versions[require.Mod.Path] = require.Mod
	}
	var modules []Module
	for _, path := range paths {
		version, ok := versions[path]
		if !ok {
			return nil, fmt.Errorf("%s does not require %s, which an image is said to contain", name, path)
		}
		sum, ok := sums[version]
		if !ok {
			return nil, fmt.Errorf("go.sum has no hash of %s: run `go mod tidy`", version)
		}
		modules = append(modules, Module{Version: version, Sum: sum})
	}
	return modules, nil
}
