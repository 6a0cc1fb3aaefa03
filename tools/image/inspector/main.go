// Inspector is the program of image_test: it checks an image against what is expected of it. See README.md in
// tools/image.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"example.com/annex/shared/version"
	"example.com/annex/tools/image/inspection"
	"example.com/annex/tools/image/layout"
)

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "inspector:", err)
		os.Exit(1)
	}
}

func run(w io.Writer) error {
	dir := flag.String("layout", "", "the image's OCI layout")
	expectation := flag.String("expectation", "", "a JSON file with what is expected: inspection.Expectation")
	version.AddFlag(flag.CommandLine)
	flag.Parse()
	image, err := layout.OpenImage(*dir)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(*expectation)
	if err != nil {
		return err
	}
	var want inspection.Expectation
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&want); err != nil {
		return fmt.Errorf("reading %s: %w", *expectation, err)
	}
	complaints, err := inspection.Check(image, want)
	if err != nil {
		return err
	}
	for _, complaint := range complaints {
		fmt.Fprintln(w, complaint)
	}
	if len(complaints) > 0 {
		return errors.New("the image is not as expected")
	}
	return nil
}
