package capacity_test

import (
	"fmt"
	"os"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"example.com/annex/e2e/conformance"
	"example.com/annex/e2e/framework"
	"example.com/annex/e2e/resilience"
	"example.com/annex/e2e/security"
	"example.com/annex/servers/capacity/definition"
)

var testenv *framework.Environment

func TestMain(m *testing.M) {
	var err error
	testenv, err = framework.New(framework.Suite{
		Name:    "capacity",
		Servers: []framework.Server{{Definition: definition.New(), Package: "servers/capacity"}},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(testenv.Run(m))
}

var reservations = conformance.Resource{
	GVR:          schema.GroupVersionResource{Group: "capacity.example.com", Version: "v1", Resource: "reservations"},
	Kind:         "Reservation",
	Singular:     "reservation",
	ShortNames:   []string{"rsv"},
	Categories:   []string{"annex"},
	Namespaced:   true,
	Verbs:        []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"},
	Subresources: map[string][]string{"status": {"get", "patch", "update"}},
	Sample:       `spec: {siteName: ams-1, slots: 4}`,
	Change:       conformance.Field{Path: []string{"spec", "slots"}, Value: int64(8)},
	Other:        int64(12),
	Immutable:    &conformance.Field{Path: []string{"spec", "siteName"}, Value: "lon-1"},
	Invalid: []conformance.Field{
		{Path: []string{"spec", "slots"}, Value: int64(0)},
		{Path: []string{"spec", "siteName"}, Value: "Not A Name"},
		{Path: []string{"spec", "priority"}, Value: "Urgent"},
	},
	Status: &conformance.Field{Path: []string{"status", "observedGeneration"}, Value: int64(1)},
	Columns: []conformance.Column{
		{Heading: "SITE", Value: "ams-1"},
		{Heading: "SLOTS", Value: "4"},
		{Heading: "BOUND", Value: "0"},
		{Heading: "PHASE", Value: "Pending"},
		{Heading: "PRIORITY", Value: "Normal", Wide: true},
	},
	Selectable: map[string]string{"spec.siteName": "ams-1", "status.phase": "Pending"},
}

// These run alone, before the others: they take the server away, or add what
// all clients see.
func TestAvailable(t *testing.T) {
	testenv.Test(t, resilience.Available("capacity", reservations.GVR.GroupVersion()))
}
func TestRestart(t *testing.T) {
	testenv.Test(t, resilience.Restart("capacity", reservations, newInformer))
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, feature := range conformance.All(reservations) {
		t.Run(name, func(t *testing.T) { t.Parallel(); testenv.Test(t, feature) })
	}
}

func TestFrontProxy(t *testing.T) {
	t.Parallel()
	testenv.Test(t, security.FrontProxy("capacity", reservations))
}
