// Package layers is an analyzer that keeps dependencies pointing one way: tools and e2e may use servers, servers may
// use shared, and a server knows of another what the other publishes: the versioned types of its API groups, and the
// generated clients.
package layers

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/tools/go/analysis"
)

const module = "example.com/annex/"

// published are the packages of servers that other servers may use (docs/adr/0004-generated-clients.md).
var published = regexp.MustCompile(`^` + regexp.QuoteMeta(module) + `servers/(client/.+|[^/]+/apis/[^/]+/v[0-9]+((alpha|beta)[0-9]+)?)$`)

// Analyzer reports imports that point the wrong way.
var Analyzer = &analysis.Analyzer{
	Name: "layers",
	Doc:  "report imports of servers or tools by shared, of tools by servers, and of what one server keeps to itself by another",
	Run:  run,
}

func run(pass *analysis.Pass) (any, error) {
	for _, file := range pass.Files {
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return nil, fmt.Errorf("import %s: %w", spec.Path.Value, err)
			}
			if reason := breach(pass.Pkg.Path(), imported); reason != "" {
				pass.Reportf(spec.Pos(), "import of %s: %s", imported, reason)
			}
		}
	}
	return nil, nil
}

// breach says why a package must not import another, or nothing if it may.
func breach(importer, imported string) string {
	from, fromRest := layer(importer)
	to, toRest := layer(imported)
	switch {
	case from == "shared" && to != "" && to != "shared":
		return "shared is for servers of all kinds, and must not know any of them, nor their tools"
	case from == "servers" && (to == "tools" || to == "e2e"):
		return "what a server needs belongs into shared"
	case from == "servers" && to == "servers" && fromRest != toRest && !published.MatchString(imported):
		return "a server knows of another only its versioned types and its generated client: what both need belongs into shared"
	}
	return ""
}

// layer is the first directory of a package of ours, and the second; nothing for other people's packages. Test packages
// (_test) are in the layer of what they test.
func layer(path string) (first, second string) {
	rest, ours := strings.CutPrefix(path, module)
	if !ours {
		return "", ""
	}
	parts := strings.SplitN(rest, "/", 3)
	if len(parts) == 1 {
		return strings.TrimSuffix(parts[0], "_test"), ""
	}
	return parts[0], strings.TrimSuffix(parts[1], "_test")
}
