// Deploy installs the servers in a cluster, or prints what would be installed. See README.md in deploy.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"example.com/annex/tools/annex/cluster"
	"example.com/annex/tools/deploy/command"
)

func main() {
	// Bazel runs programs in a directory of its own; files are named from where the person is.
	if dir := os.Getenv("BUILD_WORKING_DIRECTORY"); dir != "" {
		if err := os.Chdir(dir); err != nil {
			fmt.Fprintln(os.Stderr, "deploy:", err)
			os.Exit(1)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var c cluster.Cluster
	root := command.New("deploy", &c)
	root.SilenceUsage, root.SilenceErrors = true, true
	c.AddFlags(root.PersistentFlags())
	err := root.ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "deploy:", err)
		os.Exit(1)
	}
}
