package resources

import (
	"slices"

	"example.com/annex/e2e/conformance"
	"example.com/annex/e2e/framework"
	capacity "example.com/annex/servers/capacity/definition"
	insight "example.com/annex/servers/insight/definition"
	inventory "example.com/annex/servers/inventory/definition"
	topology "example.com/annex/servers/topology/definition"
	"example.com/annex/shared/apiserver"
	"example.com/annex/tools/deploy/manifests"
)

// All are the resources of all Servers, in each of their versions. Machines are in a suite of their own, which has a database.
func All() []conformance.Resource {
	return slices.Concat(Reservations(), Sites(), Usages())
}

// Servers are all our servers that need no database of others, in the order in which they are installed.
func Servers() []framework.Server {
	var servers []framework.Server
	for _, definition := range manifests.Servers() {
		if len(definition.Tabled()) == 0 {
			servers = append(servers, server(definition))
		}
	}
	return servers
}

func server(definition apiserver.Definition, args ...string) framework.Server {
	return framework.Server{Definition: definition, Package: "servers/" + definition.Name, Args: args}
}

// Capacity is the server of Reservations.
func Capacity() framework.Server {
	return server(capacity.New())
}

// Topology is the server of Sites.
func Topology() framework.Server {
	return server(topology.New())
}

// Insight is the server of SiteUsages and UsageReviews.
func Insight() framework.Server {
	return server(insight.New())
}

// Inventory is the server of Machines, which are in a database that has the CMDB's tables.
func Inventory(dsn string) framework.Server {
	return server(inventory.New(), "--storage-backend=postgres", "--storage-dsn="+dsn)
}

// stored are the verbs of a resource whose objects are kept, and those of a subresource that is a part of them.
var (
	stored = []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
	part   = []string{"get", "patch", "update"}
)

// versions tells each version of a resource about the others. Objects are stored in the first.
func versions(all ...conformance.Resource) []conformance.Resource {
	told := slices.Clone(all)
	for i := range told {
		told[i].Stored = all[0].GVR.Version
		told[i].Versions = slices.Delete(slices.Clone(all), i, i+1)
	}
	return told
}
