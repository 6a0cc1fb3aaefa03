// Package gosum reads go.sum files.
package gosum

import (
	"strings"

	"golang.org/x/mod/module"
)

// Parse returns the hashes of whole modules, such as h1:...; go.sum also has those of go.mod files alone.
func Parse(text []byte) map[module.Version]string {
	hashes := map[module.Version]string{}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 3 && !strings.HasSuffix(fields[1], "/go.mod") {
			hashes[module.Version{Path: fields[0], Version: fields[1]}] = fields[2]
		}
	}
	return hashes
}
