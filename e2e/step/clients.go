package step

import (
	"fmt"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"
)

// Clients are the clients of one identity.
type Clients struct {
	// Config is the identity, and where the cluster is.
	Config *rest.Config
	// Dynamic speaks to any resource.
	Dynamic dynamic.Interface
	// Kubernetes speaks to the built-in resources.
	Kubernetes kubernetes.Interface
	// Aggregator speaks to APIServices.
	Aggregator aggregator.Interface
}

// NewClients makes the clients for the identity in config. They send requests
// as fast as the test makes them: client-side throttling would only slow it.
func NewClients(config *rest.Config) (*Clients, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1
	config.UserAgent = "annex-e2e"
	d, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a dynamic client for %s: %w", config.Host, err)
	}
	k, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a Kubernetes client for %s: %w", config.Host, err)
	}
	a, err := aggregator.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client for the APIServices of %s: %w", config.Host, err)
	}
	return &Clients{Config: config, Dynamic: d, Kubernetes: k, Aggregator: a}, nil
}
