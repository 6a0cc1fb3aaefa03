package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	switch {
	case errors.Is(err, pflag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "protoc:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	flags := pflag.NewFlagSet("protoc", pflag.ContinueOnError)
	paths := flags.StringArrayP("proto_path", "I", nil, "a `directory` in which imports are looked for; the first that has one counts")
	out := flags.String("gogo_out", "", "the `directory` to write Go code below")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if *out == "" || flags.NArg() == 0 {
		return errors.New("nothing to do: want --gogo_out and a .proto file")
	}
	request, err := compile(ctx, *paths, flags.Args())
	if err != nil {
		return err
	}
	files, err := plugin(ctx, "protoc-gen-gogo", request)
	if err != nil {
		return err
	}
	return write(*out, files)
}
