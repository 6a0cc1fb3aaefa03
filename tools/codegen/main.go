package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"example.com/annex/shared/version"
	"example.com/annex/tools/codegen/bazellist"
	"example.com/annex/tools/codegen/generator"
	"example.com/annex/tools/codegen/regeneration"
	"example.com/annex/tools/codegen/toolchain"
)

// module is the path in go.mod.
const module = "example.com/annex"

// errNotInStep ends --check when there are differences, which were printed.
var errNotInStep = errors.New("generated code is not in step with its source; run ./tools/bazel run //tools/codegen")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "codegen:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet("codegen", flag.ContinueOnError)
	check := flags.Bool("check", false, "show differences and exit with 1 instead of writing files")
	checkout := flags.String("checkout", defaultCheckout(), "the checkout's root `directory`")
	version.AddFlag(flags)
	if err := flags.Parse(arguments); err != nil {
		return flag.ErrHelp // It was said already, with the flags.
	}
	scratch, err := os.MkdirTemp("", "annex-codegen-")
	if err != nil {
		return fmt.Errorf("making a directory for private copies of the sources: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()

	start := time.Now()
	changes, err := regenerate(ctx, *checkout, scratch, out)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if *check {
			err = c.Diff(out)
		} else {
			fmt.Fprintln(out, c)
			err = c.Write(*checkout)
		}
		if err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%d files not in step, %.1f s\n", len(changes), time.Since(start).Seconds())
	if *check && len(changes) > 0 {
		return errNotInStep
	}
	return nil
}

func regenerate(ctx context.Context, checkout, scratch string, out io.Writer) (changes []regeneration.Change, err error) {
	generators := generator.All()
	tools, err := toolchain.Find(ctx, checkout, scratch, generators)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tools.Close()) }()
	result, err := regeneration.Run(ctx, regeneration.Options{
		Root: checkout, Module: module, Generators: generators, Toolchain: tools, Scratch: scratch, Progress: out,
	})
	if err != nil {
		return nil, err
	}
	list, err := bazellist.Compare(checkout, result.Servers)
	if err != nil {
		return nil, err
	}
	return append(result.Changes, list...), nil
}

// defaultCheckout is where `bazel run` was called, or the working directory.
func defaultCheckout() string {
	if dir := os.Getenv("BUILD_WORKSPACE_DIRECTORY"); dir != "" {
		return dir
	}
	return "."
}
