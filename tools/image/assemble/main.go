// Assemble is what the actions of the rules in tools/image run: it makes images, indexes and SBOMs. See README.md there.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"example.com/annex/shared/version"
)

func main() {
	if err := newCommand().Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "assemble:", err)
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	command := &cobra.Command{
		Use:           "assemble",
		Short:         "Make container images out of files.",
		Version:       version.Long(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	command.AddCommand(newImage(), newIndex(), newSBOM(), newCertificates())
	return command
}

// require marks flags without which a command makes no sense.
func require(command *cobra.Command, flags ...string) *cobra.Command {
	for _, flag := range flags {
		if err := command.MarkFlagRequired(flag); err != nil {
			panic(err) // There is no such flag: a mistake in this program.
		}
	}
	return command
}
