package apply

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// stage is the place of a kind in the order: what a server needs before it starts, the server, and last its APIServices. An
// APIService whose server is not there yet breaks discovery for the whole cluster until it is.
type stage int

const (
	namespaces stage = iota
	rights
	others
	workloads
	registration
)

func stageOf(object unstructured.Unstructured) stage {
	switch object.GetKind() {
	case "Namespace", "PriorityClass":
		return namespaces
	case "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding":
		return rights
	case "Deployment":
		return workloads
	case "APIService":
		return registration
	}
	return others
}

// inOrder sorts objects by their stages, and leaves the order within one.
func inOrder(objects []unstructured.Unstructured) []unstructured.Unstructured {
	return slices.SortedStableFunc(slices.Values(objects), func(a, b unstructured.Unstructured) int { return int(stageOf(a)) - int(stageOf(b)) })
}
