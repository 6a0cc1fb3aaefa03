package topology_test

import (
	"fmt"
	"os"
	"testing"

	"example.com/annex/e2e/framework"
	"example.com/annex/e2e/resilience"
	"example.com/annex/e2e/resources"
	"example.com/annex/e2e/security"
)

var testenv *framework.Environment

func TestMain(m *testing.M) {
	var err error
	testenv, err = framework.New(framework.Suite{
		Name:    "topology",
		Servers: []framework.Server{resources.Topology()},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(testenv.Run(m))
}

// These run alone, before the others: they take the server away, or add what
// all clients see.
func TestAvailable(t *testing.T) {
	for _, r := range resources.Sites() {
		testenv.Test(t, resilience.Available("topology", r.GVR.GroupVersion()))
	}
}
func TestRestart(t *testing.T) {
	testenv.Test(t, resilience.Restart("topology", resources.Sites()[0], newInformer))
}

func TestFrontProxy(t *testing.T) {
	t.Parallel()
	testenv.Test(t, security.FrontProxy("topology", resources.Sites()[0]))
}
