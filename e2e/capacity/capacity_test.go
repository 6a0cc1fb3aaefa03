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
	"example.com/annex/e2e/versions"
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

// reservations are what both versions claim.
func reservations(version string) conformance.Resource {
	return conformance.Resource{
		GVR:            schema.GroupVersionResource{Group: "capacity.example.com", Version: version, Resource: "reservations"},
		Kind:           "Reservation",
		Singular:       "reservation",
		ShortNames:     []string{"rsv"},
		Categories:     []string{"annex"},
		Namespaced:     true,
		Verbs:          []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"},
		Subresources:   map[string][]string{"scale": {"get", "patch", "update"}, "status": {"get", "patch", "update"}},
		Generation:     true,
		Unconditional:  true,
		StrategicMerge: true,
		BuiltInRoles:   true,
		Other:          int64(12),
		Status:         &conformance.Field{Path: []string{"status", "observedGeneration"}, Value: int64(1)},
	}
}

func columns(priority string) []conformance.Column {
	return []conformance.Column{
		{Heading: "SITE", Value: "ams-1"},
		{Heading: "SLOTS", Value: "4"},
		{Heading: "BOUND", Value: "0"},
		{Heading: "PHASE", Value: "Pending"},
		{Heading: "PRIORITY", Value: priority, Wide: true},
	}
}

func reservationsV1() conformance.Resource {
	r := reservations("v1")
	r.Sample = `spec: {siteName: ams-1, slots: 4}`
	slots, siteName := []string{"spec", "slots"}, []string{"spec", "siteName"}
	r.Change = conformance.Field{Path: slots, Value: int64(8)}
	r.Immutable = &conformance.Field{Path: siteName, Value: "lon-1"}
	r.Invalid = []conformance.Field{
		{Path: slots, Value: int64(0)},
		{Path: siteName, Value: "Not A Name"},
		{Path: []string{"spec", "priority"}, Value: "Urgent"},
	}
	r.Columns = columns("Normal")
	r.Selectable = map[string]string{"spec.siteName": "ams-1", "status.phase": "Pending"}
	return r
}

func reservationsV1beta1() conformance.Resource {
	r := reservations("v1beta1")
	r.Sample = `spec: {siteRef: {name: ams-1}, request: {slots: 4}}`
	slots, siteName := []string{"spec", "request", "slots"}, []string{"spec", "siteRef", "name"}
	r.Change = conformance.Field{Path: slots, Value: int64(8)}
	r.Immutable = &conformance.Field{Path: siteName, Value: "lon-1"}
	r.Invalid = []conformance.Field{
		{Path: slots, Value: int64(0)},
		{Path: siteName, Value: "Not A Name"},
		{Path: []string{"spec", "request", "priority"}, Value: int64(3)},
	}
	r.Columns = columns("Low")
	r.Selectable = map[string]string{"spec.siteRef.name": "ams-1", "status.phase": "Pending"}
	return r
}

func versionV1() versions.Version {
	return versions.Version{
		Resource: reservationsV1(),
		Specs: map[string]string{
			"v1":      `{siteName: ams-1, slots: 4, priority: Normal}`,
			"v1beta1": `{siteRef: {name: ams-1}, request: {slots: 4, priority: 1}}`,
		},
		NewStatus:   `phase: Pending`,
		LaterStatus: `{observedGeneration: 1, phase: Bound, boundSlots: 4}`,
	}
}

func versionV1beta1() versions.Version {
	return versions.Version{
		Resource: reservationsV1beta1(),
		Specs: map[string]string{
			"v1":      `{siteName: ams-1, slots: 4, priority: Low}`,
			"v1beta1": `{siteRef: {name: ams-1}, request: {slots: 4, priority: 0}}`,
		},
		NewStatus:   `phase: Pending`,
		LaterStatus: `{observedGeneration: 1, phase: Bound, heldSlots: 4}`,
	}
}

// These run alone, before the others: they take the server away, or add what
// all clients see.
func TestAvailable(t *testing.T) {
	for _, r := range []conformance.Resource{reservationsV1(), reservationsV1beta1()} {
		testenv.Test(t, resilience.Available("capacity", r.GVR.GroupVersion()))
	}
}
func TestRestart(t *testing.T) {
	testenv.Test(t, resilience.Restart("capacity", reservationsV1(), newInformer))
}

func TestConformance(t *testing.T) {
	t.Parallel()
	conformance.Run(t, testenv, reservationsV1(), reservationsV1beta1())
}

func TestVersions(t *testing.T) {
	t.Parallel()
	testenv.Test(t, versions.Feature(versionV1(), versionV1beta1()))
}

func TestFrontProxy(t *testing.T) {
	t.Parallel()
	testenv.Test(t, security.FrontProxy("capacity", reservationsV1()))
}
