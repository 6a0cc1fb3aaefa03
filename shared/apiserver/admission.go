package apiserver

import (
	"io"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apiserver/pkg/admission"
	genericapiserver "k8s.io/apiserver/pkg/server"
	genericoptions "k8s.io/apiserver/pkg/server/options"
)

// AdmissionPlugin is an admission plugin of the server's own.
type AdmissionPlugin struct {
	// Name is what --enable-admission-plugins and --disable-admission-plugins call it. Required.
	Name string
	// New makes the plugin; config is its part of --admission-control-config-file, or nil. Required.
	New func(config io.Reader) (admission.Interface, error)
	// Initializer makes what hands the plugin its clients and informers. Optional: upstream's initializers (client,
	// informers, authorizer, feature gates) always run.
	Initializer func(*genericapiserver.RecommendedConfig) (admission.PluginInitializer, error)
	// Rules are what the plugin reads through the Kubernetes API: they become part of the server's ClusterRole.
	Rules []rbacv1.PolicyRule
}

// register adds the plugins to upstream's, at the end of the recommended order.
func register(options *genericoptions.AdmissionOptions, plugins []AdmissionPlugin) {
	for _, p := range plugins {
		options.Plugins.Register(p.Name, p.New)
		options.RecommendedPluginOrder = append(options.RecommendedPluginOrder, p.Name)
	}
}

// initializers are those of the server's own plugins.
func initializers(plugins []AdmissionPlugin, config *genericapiserver.RecommendedConfig) ([]admission.PluginInitializer, error) {
	var all []admission.PluginInitializer
	for _, p := range plugins {
		if p.Initializer == nil {
			continue
		}
		initializer, err := p.Initializer(config)
		if err != nil {
			return nil, err
		}
		all = append(all, initializer)
	}
	return all, nil
}
