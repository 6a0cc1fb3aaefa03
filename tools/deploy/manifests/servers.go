package manifests

import (
	"fmt"
	"slices"
	"strings"

	capacity "example.com/annex/servers/capacity/definition"
	insight "example.com/annex/servers/insight/definition"
	inventory "example.com/annex/servers/inventory/definition"
	topology "example.com/annex/servers/topology/definition"
	"example.com/annex/shared/apiserver"
)

// Servers are all that can be deployed, in an order in which they can be installed: what one reads of others, it reads of those
// before it. After adding one:
//
//	go test ./deploy -update
func Servers() []apiserver.Definition {
	return []apiserver.Definition{
		topology.New(),
		capacity.New(),
		insight.New(),
		inventory.New(),
	}
}

// Named are the servers with these names, in the order of Servers; without names all of them.
func Named(names ...string) ([]apiserver.Definition, error) {
	var known []string
	var found []apiserver.Definition
	for _, server := range Servers() {
		known = append(known, server.Name)
		if len(names) == 0 || slices.Contains(names, server.Name) {
			found = append(found, server)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("there is no server %q, but %s", name, strings.Join(known, ", "))
		}
	}
	return found, nil
}
