// Capacity is the aggregated API server of capacity.example.com: namespaced Reservations of a site's capacity, in two versions.
package main

import (
	"os"

	"example.com/annex/servers/capacity/definition"
	"example.com/annex/shared/apiserver"
)

func main() { os.Exit(apiserver.Run(definition.New())) }
