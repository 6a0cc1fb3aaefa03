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

// serverVariable makes the test program the server of that name.
const serverVariable = "ANNEX_TEST_SERVER"

// Main runs a package's tests, or, where [Program] was started, the server that it is then, one of servers; it returns the status to
// exit with. The tests run in a network namespace, for control planes with aggregator routing.
func Main(m *testing.M, servers ...apiserver.Definition) int {
	if name, is := os.LookupEnv(serverVariable); is {
		for _, server := range servers {
			if server.Name == name {
				return apiserver.Run(server)
			}
		}
		fmt.Fprintf(os.Stderr, "running the server %q, as %s says: TestMain does not name it\n", name, serverVariable)
		return 1
	}
	status, err := netns.Run(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return status
}

// Program is the test's own, and what it needs in its environment, as NAME=value, to be the server of that name.
func Program(t testing.TB, server string) (path string, env []string) {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path, []string{serverVariable + "=" + server}
}

// New prepares one of the servers that Main runs, the one of options.Installation, and stops it when the test ends. Nothing is
// installed or started yet. The options' Program is set here.
func New(t testing.TB, options extension.Options) *extension.Extension {
	t.Helper()
	path, env := Program(t, options.Installation.Definition.Name)
	options.Program, options.Env = path, append(options.Env, env...)
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
