// Command annex looks after aggregated API servers in a cluster. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	conformance "example.com/annex/tools/annex-conformance/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newCommand().ExecuteContext(ctx)
	stop()
	if err == nil {
		return
	}
	status, told := 1, false
	switch {
	case errors.As(err, new(conformance.Error)):
		status, told = conformance.Status(err)
	case errors.Is(err, errWrong):
		told = true
	case errors.As(err, new(doctorError)):
		status = 2
	}
	if !told {
		fmt.Fprintln(os.Stderr, "annex:", err)
	}
	os.Exit(status)
}
