package apiserver

import (
	"io"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apiserver/pkg/admission"
	genericapiserver "k8s.io/apiserver/pkg/server"
	genericoptions "k8s.io/apiserver/pkg/server/options"

	"example.com/annex/shared/reflector"
)

// AdmissionPlugin is an admission plugin of the server's own.
type AdmissionPlugin struct {
	// Name is what --enable-admission-plugins and --disable-admission-plugins call it. Required.
	Name string
	// New makes the plugin; config is its part of --admission-control-config-file, or nil. Required.
	New func(config io.Reader) (admission.Interface, error)
	// Initializer makes what hands the plugin its clients and informers. Optional: upstream's initializers (client,
	// informers, authorizer, feature gates) always run, and so does that of WantsReflectors.
	Initializer func(*genericapiserver.RecommendedConfig) (admission.PluginInitializer, error)
	// Rules are what the plugin reads through the Kubernetes API: they become part of the server's ClusterRole.
	Rules []rbacv1.PolicyRule
}

// WantsReflectors is an admission plugin that goes by what upstream's initializers have no informers for: the objects of another
// aggregated API, for example.
type WantsReflectors interface {
	admission.InitializationValidator
	// SetReflectors is given the server's reflectors, which run for as long as it serves. Nothing waits for them to be in step:
	// neither readiness nor requests. ValidateInitialization returns what was wrong.
	SetReflectors(*reflector.Set)
}

// register adds the plugins to upstream's, at the end of the recommended order.
func register(options *genericoptions.AdmissionOptions, plugins []AdmissionPlugin) {
	for _, p := range plugins {
		options.Plugins.Register(p.Name, p.New)
		options.RecommendedPluginOrder = append(options.RecommendedPluginOrder, p.Name)
	}
}

// initializers are those of the server's own plugins.
func initializers(plugins []AdmissionPlugin, config *genericapiserver.RecommendedConfig, reflectors *reflector.Set) ([]admission.PluginInitializer, error) {
	all := []admission.PluginInitializer{reflectorsInitializer{reflectors}}
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

// reflectorsInitializer serves WantsReflectors. Plugins that are switched off are never made, and come by here as little.
type reflectorsInitializer struct{ reflectors *reflector.Set }

func (i reflectorsInitializer) Initialize(plugin admission.Interface) {
	if wants, ok := plugin.(WantsReflectors); ok {
		wants.SetReflectors(i.reflectors)
	}
}
