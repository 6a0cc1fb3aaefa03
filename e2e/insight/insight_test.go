package insight_test

import (
	"fmt"
	"os"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"example.com/annex/e2e/framework"
	"example.com/annex/e2e/resilience"
	"example.com/annex/e2e/resources"
	capacity "example.com/annex/servers/capacity/definition"
	topology "example.com/annex/servers/topology/definition"
)

var testenv *framework.Environment

var gv = schema.GroupVersion{Group: "insight.example.com", Version: "v1"}

func TestMain(m *testing.M) {
	var err error
	testenv, err = framework.New(framework.Suite{
		Name: "insight",
		Servers: []framework.Server{
			// First: that it becomes available must not depend on the others.
			resources.Insight(), resources.Topology(), resources.Capacity(),
		},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(testenv.Run(m))
}

// These run alone, before the others: they take servers away, or add what all
// clients see.
func TestAvailable(t *testing.T) { testenv.Test(t, resilience.Available("insight", gv)) }
func TestSourceDown(t *testing.T) {
	testenv.Test(t,
		sourceDown("topology", topology.New(), "sites.topology.example.com"),
		sourceDown("capacity", capacity.New(), "reservations.capacity.example.com"))
}

func TestUsage(t *testing.T)      { t.Parallel(); testenv.Test(t, usage()) }
func TestList(t *testing.T)       { t.Parallel(); testenv.Test(t, list()) }
func TestWatch(t *testing.T)      { t.Parallel(); testenv.Test(t, noWatch()) }
func TestDiscovery(t *testing.T)  { t.Parallel(); testenv.Test(t, discovery()) }
func TestReview(t *testing.T)     { t.Parallel(); testenv.Test(t, review()) }
func TestAccess(t *testing.T)     { t.Parallel(); testenv.Test(t, access()) }
func TestNeighbours(t *testing.T) { t.Parallel(); testenv.Test(t, neighbours()) }
