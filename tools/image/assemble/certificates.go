package main

import (
	"bytes"
	"os"

	"github.com/spf13/cobra"

	"example.com/annex/tools/image/certificates"
)

func newCertificates() *cobra.Command {
	var output string
	command := &cobra.Command{
		Use:   "certificates",
		Short: "Write the bundle of certificate authorities.",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			var bundle bytes.Buffer
			if err := certificates.Write(&bundle); err != nil {
				return err
			}
			return os.WriteFile(output, bundle.Bytes(), 0o644)
		},
	}
	command.Flags().StringVar(&output, "output", "", "write the bundle to this file")
	return require(command, "output")
}
