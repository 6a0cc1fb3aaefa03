package cluster

import (
	"fmt"

	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Cluster says which cluster to speak to, as whom: that of --kubeconfig, of $KUBECONFIG, or of ~/.kube/config; in a pod without any of
// these, the pod's own, as its service account.
type Cluster struct {
	rules     clientcmd.ClientConfigLoadingRules
	overrides clientcmd.ConfigOverrides
}

// AddFlags adds kubectl's flags of the same names.
func (c *Cluster) AddFlags(flags *pflag.FlagSet) {
	c.rules = *clientcmd.NewDefaultClientConfigLoadingRules()
	flags.StringVar(&c.rules.ExplicitPath, clientcmd.RecommendedConfigPathFlag, "", "the kubeconfig file; by default kubectl's")
	flags.StringVar(&c.overrides.CurrentContext, clientcmd.FlagContext, "", "the kubeconfig's context; by default the current one")
}

func (c *Cluster) clientConfig() clientcmd.ClientConfig {
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(&c.rules, &c.overrides)
}

// Config is how to reach the cluster.
func (c *Cluster) Config() (*rest.Config, error) {
	config, err := c.clientConfig().ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: %w; name a kubeconfig file with --kubeconfig", err)
	}
	config.QPS = -1 // A command asks little; the server has priority and fairness.
	return config, nil
}

// WriteKubeconfig writes a kubeconfig file for the cluster alone, for programs that take nothing else, readable for its owner. It has
// what it needs within it, other than tokens that are renewed in their files, and programs that give credentials.
func (c *Cluster) WriteKubeconfig(file string) error {
	raw, err := c.clientConfig().RawConfig()
	if err != nil {
		return fmt.Errorf("reading the kubeconfig: %w", err)
	}
	if c.overrides.CurrentContext != "" {
		raw.CurrentContext = c.overrides.CurrentContext
	}
	if len(raw.Contexts) == 0 {
		config, err := c.Config() // In a pod.
		if err != nil {
			return err
		}
		raw = ofPod(config)
	}
	for _, narrow := range []func(*clientcmdapi.Config) error{clientcmdapi.MinifyConfig, clientcmdapi.FlattenConfig} {
		if err := narrow(&raw); err != nil {
			return fmt.Errorf("making a kubeconfig for the cluster alone: %w", err)
		}
	}
	if err := clientcmd.WriteToFile(raw, file); err != nil {
		return fmt.Errorf("writing a kubeconfig for the cluster alone: %w", err)
	}
	return nil
}

// ofPod is the kubeconfig of a pod's service account.
func ofPod(config *rest.Config) clientcmdapi.Config {
	const name = "pod"
	raw := *clientcmdapi.NewConfig()
	raw.Clusters[name] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthority: config.CAFile}
	raw.AuthInfos[name] = &clientcmdapi.AuthInfo{TokenFile: config.BearerTokenFile}
	raw.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	raw.CurrentContext = name
	return raw
}
