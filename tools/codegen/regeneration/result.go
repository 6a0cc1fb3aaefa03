package regeneration

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmezard/go-difflib/difflib"

	"example.com/annex/tools/codegen/apis"
)

// Result is what generators made of a checkout.
type Result struct {
	// Servers are the servers whose API packages were found.
	Servers []apis.Server
	// Files is the number of files that the generators wrote.
	Files int
	// Changes are the differences between them and the checkout, by path.
	Changes []Change
}

// Change is one file of the checkout that is not as generated.
type Change struct {
	// Path is relative to the checkout, with slashes.
	Path string
	// Old is what is there; nil if nothing is.
	Old []byte
	// New is what should be there; nil if nothing should.
	New []byte
}

func newResult(c checkout, outputs map[string][]byte) *Result {
	r := &Result{Servers: c.servers, Files: len(outputs)}
	all := maps.Clone(c.generated)
	maps.Copy(all, outputs)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if was, is := c.was(name), outputs[name]; !bytes.Equal(was, is) {
			r.Changes = append(r.Changes, Change{Path: name, Old: was, New: is})
		}
	}
	return r
}

// Write makes a file of the checkout as it should be.
func (c Change) Write(checkout string) error {
	name := filepath.Join(checkout, filepath.FromSlash(c.Path))
	var err error
	if c.New == nil {
		err = os.Remove(name)
	} else {
		err = writeFile(name, c.New)
	}
	if err != nil {
		return fmt.Errorf("bringing %s in step: %w", c.Path, err)
	}
	return nil
}

// String says in a word what happens to which file.
func (c Change) String() string {
	switch {
	case c.Old == nil:
		return "new      " + c.Path
	case c.New == nil:
		return "removed  " + c.Path
	default:
		return "changed  " + c.Path
	}
}

// Diff writes the change as a unified diff.
func (c Change) Diff(w io.Writer) error {
	diff := difflib.UnifiedDiff{
		A: lines(c.Old), FromFile: "a/" + c.Path,
		B: lines(c.New), ToFile: "b/" + c.Path,
		Context: 3,
	}
	if c.Old == nil {
		diff.FromFile = "/dev/null"
	}
	if c.New == nil {
		diff.ToFile = "/dev/null"
	}
	if err := difflib.WriteUnifiedDiff(w, diff); err != nil {
		return fmt.Errorf("comparing %s: %w", c.Path, err)
	}
	return nil
}

func lines(content []byte) []string {
	return slices.Collect(strings.Lines(string(content)))
}
