// Topology is the aggregated API server of topology.example.com: Sites, of the whole cluster, in two versions.
package main

import (
	"os"

	"example.com/annex/servers/topology/definition"
	"example.com/annex/shared/apiserver"
)

func main() { os.Exit(apiserver.Run(definition.New())) }
