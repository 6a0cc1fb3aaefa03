// Insight is the aggregated API server of insight.example.com: how the slots of Sites are used, computed on request.
package main

import (
	"os"

	"example.com/annex/servers/insight/definition"
	"example.com/annex/shared/apiserver"
)

func main() { os.Exit(apiserver.Run(definition.New())) }
