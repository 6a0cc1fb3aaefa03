package regeneration

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"example.com/annex/tools/codegen/generator"
	"example.com/annex/tools/codegen/model"
	"example.com/annex/tools/codegen/toolchain"
)

// Options say what to regenerate, and with what.
type Options struct {
	// Root is the checkout's directory. Required.
	Root string
	// Module is the path of the Go module in it. Required.
	Module string
	// Generators are the generators to run. Files that others of them wrote count as hand-written. Required.
	Generators []generator.Generator
	// Toolchain has their programs. Required.
	Toolchain *toolchain.Toolchain
	// Scratch is a directory for private copies of sources; the caller removes it. About 15 MB for each run. Required.
	Scratch string
	// Progress gets a line for each run that ended, with the time it took. Required.
	Progress io.Writer
}

// Run runs the generators and returns what they would change in the checkout. It fails if one of them does, if one changes a
// hand-written file (but for tags, where it may), if two write the same file, if types break the API conventions that openapi-gen
// checks, or if a field got another number in protobuf than it had.
func Run(ctx context.Context, o Options) (*Result, error) {
	checkout, err := readCheckout(os.DirFS(o.Root), o.Module, o.Generators)
	if err != nil {
		return nil, err
	}
	var first, second []generator.Run
	for _, run := range generator.Plan(o.Generators, checkout.servers) {
		if run.ReadsModel {
			second = append(second, run)
		} else {
			first = append(first, run)
		}
	}
	outputs := outputs{}
	if err := outputs.add(ctx, o, checkout.sources, nil, first); err != nil {
		return nil, err
	}
	if len(second) > 0 {
		// Not written by this run if openapi-gen is not among the generators.
		files := maps.Clone(checkout.sources)
		maps.Copy(files, outputs)
		document, err := model.Document(o.Module, files)
		if err != nil {
			return nil, err
		}
		if err := outputs.add(ctx, o, checkout.sources, document, second); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(checkout.overwritten(outputs), checkout.renumbered(outputs)); err != nil {
		return nil, err
	}
	return newResult(checkout, outputs), nil
}

// outputs are the files that generators wrote, by their path in the checkout.
type outputs map[string][]byte

// add adds what runs write.
func (outputs outputs) add(ctx context.Context, o Options, sources map[string][]byte, model []byte, runs []generator.Run) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	var mu sync.Mutex
	for i, run := range runs {
		group.Go(func() error {
			e := execution{
				run:     run,
				options: o,
				sources: sources,
				model:   model,
				gopath:  filepath.Join(o.Scratch, fmt.Sprintf("%02d-%s", i, run.Name)),
			}
			start := time.Now()
			written, err := e.execute(ctx)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				fmt.Fprintf(o.Progress, "✗ %s\n", run)
				return fmt.Errorf("%s: %w", run, err)
			}
			fmt.Fprintf(o.Progress, "✓ %-28s %2d packages, %2d files  %5.1f s\n",
				run, len(run.Packages), len(written), time.Since(start).Seconds())
			for name := range written {
				if _, twice := outputs[name]; twice {
					return fmt.Errorf("%s: %s was written by another generator, too", run, name)
				}
			}
			maps.Copy(outputs, written)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("generating code: %w", err)
	}
	return nil
}
