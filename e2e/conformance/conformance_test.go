package conformance_test

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"example.com/annex/e2e/conformance"
	"example.com/annex/e2e/framework"
	"example.com/annex/e2e/resources"
)

var testenv *framework.Environment

func TestMain(m *testing.M) {
	var err error
	testenv, err = framework.New(framework.Suite{Name: "conformance", Servers: resources.Servers()})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(testenv.Run(m))
}

// The features are tried on what Kubernetes itself serves, too: what that does not pass would be asked in vain of others.
func TestConformance(t *testing.T) {
	t.Parallel()
	conformance.Run(t, testenv, slices.Concat(resources.All(), builtIn(), widgets())...)
}
