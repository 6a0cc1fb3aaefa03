package main

import (
	"github.com/spf13/cobra"

	"example.com/annex/shared/version"
	conformance "example.com/annex/tools/annex-conformance/command"
	"example.com/annex/tools/annex/cluster"
)

// newCommand is the root of all subcommands.
func newCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "annex",
		Short: "Look after aggregated API servers in a cluster.",
		Long: `Annex looks after aggregated API servers in a cluster.

It speaks to the cluster that kubectl speaks to: the one of --kubeconfig, of $KUBECONFIG, or of ~/.kube/config. Under the
name kubectl-annex, anywhere on PATH, it is a plugin of kubectl: kubectl annex uninstall ...`,
		Version:       version.Long(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	var c cluster.Cluster
	c.AddFlags(command.PersistentFlags())
	command.AddCommand(newUninstall(&c), newStorage(), conformance.New("conformance", &c))
	return command
}
