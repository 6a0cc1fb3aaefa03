package capacity_test

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
		Name: "capacity",
		// In this order: capacity does not need topology to come up.
		Servers: []framework.Server{resources.Capacity(), resources.Topology()},
		Objects: resources.Site,
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
	for _, r := range resources.Reservations() {
		testenv.Test(t, resilience.Available("capacity", r.GVR.GroupVersion()))
	}
}
func TestRestart(t *testing.T) {
	testenv.Test(t, resilience.Restart("capacity", resources.Reservations()[0], newInformer))
}

func TestTopologyAway(t *testing.T) {
	testenv.Test(t, topologyAway())
}

func TestFrontProxy(t *testing.T) {
	t.Parallel()
	testenv.Test(t, security.FrontProxy("capacity", resources.Reservations()[0]))
}
