package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"example.com/annex/shared/deployment"
	"example.com/annex/tools/annex/cluster"
	"example.com/annex/tools/annex/uninstall"
)

func newUninstall(c *cluster.Cluster) *cobra.Command {
	var options uninstall.Options
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "uninstall SERVER",
		Short: "Take an aggregated API server out of a cluster, in the right order.",
		Long: `Takes an aggregated API server out of a cluster, in the order that leaves nothing stuck:

  1. with --delete-objects, all objects of its API, while the server and their controllers still run
  2. its APIServices, and then waits until kube-apiserver has forgotten the API
  3. its Deployment, Service and all else that carries its labels (app.kubernetes.io/name=SERVER,
     app.kubernetes.io/part-of=annex)
  4. what it was allowed to do: its RBAC objects

In any other order an APIService is left for a while, or for good, whose server is gone. As long as it is, no namespace of the
cluster can be deleted, objects are not collected as garbage in step, and kubectl complains.

What is kept: the namespace, PersistentVolumeClaims, and what the server has stored. Objects of other kinds that are owned
by objects of the API are not collected once it is gone, so use --delete-objects if there are any.

It can be run again, and on a server that is broken or half gone.`,
		Example: `  annex uninstall capacity --dry-run           # what would be deleted, in order
  annex uninstall capacity --delete-objects`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			config, err := c.Config()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeoutCause(command.Context(), timeout, fmt.Errorf("given up after --timeout=%s", timeout))
			defer cancel()
			options.Server = args[0]
			options.Progress = command.OutOrStdout()
			return uninstall.Run(ctx, config, options)
		},
	}
	flags := command.Flags()
	flags.StringVarP(&options.Namespace, "namespace", "n", deployment.DefaultNamespace, "the namespace of the server")
	flags.BoolVar(&options.DeleteObjects, "delete-objects", false, "delete all objects of the API first")
	flags.BoolVar(&options.DryRun, "dry-run", false, "delete nothing, print what would be deleted")
	flags.DurationVar(&timeout, "timeout", 5*time.Minute, "how long all of it may take")
	return command
}
