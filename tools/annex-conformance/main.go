// Command annex-conformance tries whether a resource does what resources of Kubernetes do. See README.md.
package main

import (
	"fmt"
	"os"

	"example.com/annex/shared/version"
	"example.com/annex/tools/annex-conformance/command"
	"example.com/annex/tools/annex/cluster"
)

func main() {
	var c cluster.Cluster
	cmd := command.New("annex-conformance", &c)
	cmd.Version = version.Long()
	c.AddFlags(cmd.PersistentFlags())
	err := cmd.Execute()
	status, told := command.Status(err)
	if !told {
		fmt.Fprintln(os.Stderr, "annex-conformance:", err)
	}
	os.Exit(status)
}
