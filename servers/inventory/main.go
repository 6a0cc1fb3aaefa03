// Inventory is the aggregated API server of inventory.example.com: Machines, which are rows of a table that another program owns.
package main

import (
	"os"

	"example.com/annex/servers/inventory/definition"
	"example.com/annex/shared/apiserver"
)

func main() { os.Exit(apiserver.Run(definition.New())) }
