package extensiontest

import (
	"context"
	"fmt"
	"os"
	"testing"

	"example.com/annex/shared/apiserver"
	"example.com/annex/tools/controlplane/extension"
	"example.com/annex/tools/controlplane/netns"
)

// serverVariable makes the test program the server.
const serverVariable = "ANNEX_TEST_IS_SERVER"

// Main runs a package's tests, or, where New has started the program once more, the server; it returns the status to exit with. The
// tests run in a network namespace, for control planes with aggregator routing.
func Main(m *testing.M, definition func() apiserver.Definition) int {
	if os.Getenv(serverVariable) != "" {
		return apiserver.Run(definition())
	}
	status, err := netns.Run(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return status
}

// New prepares the server that Main runs, and stops it when the test ends. Nothing is installed or started yet. The options' Program
// is set here.
func New(t testing.TB, options extension.Options) *extension.Extension {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	options.Program = program
	options.Env = append(options.Env, serverVariable+"=1")
	e, err := extension.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The test's own context is done by now.
		if err := e.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e
}
