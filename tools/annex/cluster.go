package main

import (
	"fmt"

	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// cluster says which cluster to speak to, as whom.
type cluster struct {
	rules     clientcmd.ClientConfigLoadingRules
	overrides clientcmd.ConfigOverrides
}

// addFlags adds kubectl's flags of the same names.
func (c *cluster) addFlags(flags *pflag.FlagSet) {
	c.rules = *clientcmd.NewDefaultClientConfigLoadingRules()
	flags.StringVar(&c.rules.ExplicitPath, clientcmd.RecommendedConfigPathFlag, "", "the kubeconfig file; by default kubectl's")
	flags.StringVar(&c.overrides.CurrentContext, clientcmd.FlagContext, "", "the kubeconfig's context; by default the current one")
}

// config is how to reach the cluster.
func (c *cluster) config() (*rest.Config, error) {
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(&c.rules, &c.overrides).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: %w; name a kubeconfig file with --kubeconfig", err)
	}
	config.QPS = -1 // A command asks little; the server has priority and fairness.
	return config, nil
}
