package extension

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
)

// waitPublished waits until kubectl and other clients can find the API, and its
// documentation.
func (e *Extension) waitPublished(ctx context.Context) error {
	versions := e.options.Installation.Definition.GroupVersions()
	return e.await(ctx, "kube-apiserver to publish the API", func(ctx context.Context) error {
		return Published(ctx, e.kubernetes.Discovery().RESTClient(), versions...)
	})
}

// Published is nil once kube-apiserver has taken a server's discovery and
// OpenAPI documents into its own; else it says what is missing. It asks the
// server for them after the APIService has become Available, and, when that
// failed, again within a minute or so (k8s.io/kube-aggregator/pkg/apiserver/handler_discovery.go,
// pkg/controllers/openapiv3).
func Published(ctx context.Context, client rest.Interface, versions ...schema.GroupVersion) error {
	_, resources, stale, err := discovery.NewDiscoveryClient(client).GroupsAndMaybeResourcesWithContext(ctx)
	if err != nil {
		return fmt.Errorf("asking for discovery: %w", err)
	}
	for _, version := range versions {
		if err := stale[version]; err != nil {
			return fmt.Errorf("discovery of %s: %w", version, err)
		}
		if resources[version] == nil {
			return fmt.Errorf("discovery has no %s", version)
		}
		if err := client.Get().AbsPath("/openapi/v3/apis", version.Group, version.Version).Do(ctx).Error(); err != nil {
			return fmt.Errorf("asking for OpenAPI of %s: %w", version, err)
		}
	}
	return nil
}
