package framework

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"example.com/annex/e2e/report"
)

// writeReport prints the table of areas and resources, and leaves the whole report among Bazel's undeclared outputs, if there
// are any: for people, as JSON and as JUnit XML. A suite whose features are about no resource has no table.
func writeReport(w io.Writer, document report.Document) error {
	if err := document.WriteTable(w, report.Style{}); err != nil {
		return err
	}
	outputs := os.Getenv(outputsVariable)
	if outputs == "" || len(document.Resources) == 0 {
		return nil
	}
	var errs []error
	for name, write := range map[string]func(io.Writer) error{
		"conformance.txt":  func(w io.Writer) error { return document.WriteText(w, report.Style{Wide: true}) },
		"conformance.json": document.WriteJSON,
		"conformance.xml":  document.WriteJUnit,
	} {
		errs = append(errs, func() error {
			file, err := os.Create(filepath.Join(outputs, name))
			if err != nil {
				return fmt.Errorf("keeping the report: %w", err)
			}
			return errors.Join(write(file), file.Close())
		}())
	}
	return errors.Join(errs...)
}
