package apiserver

import (
	"context"
	"fmt"
	"io"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apiserver/pkg/admission"
	genericapiserver "k8s.io/apiserver/pkg/server"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	"k8s.io/client-go/rest"
)

// AdmissionPlugin is an admission plugin of the server's own.
type AdmissionPlugin struct {
	// Name is what --enable-admission-plugins and --disable-admission-plugins call it. Required.
	Name string
	// New makes the plugin; config is its part of --admission-control-config-file, or nil. Required.
	New func(config io.Reader) (admission.Interface, error)
	// Initializer makes what hands the plugin its clients and informers. Optional: upstream's initializers (client,
	// informers, authorizer, feature gates) always run, and so do those of WantsClientConfig and Runner.
	Initializer func(*genericapiserver.RecommendedConfig) (admission.PluginInitializer, error)
	// Rules are what the plugin reads through the Kubernetes API: they become part of the server's ClusterRole.
	Rules []rbacv1.PolicyRule
}

// WantsClientConfig is an admission plugin that reads what upstream's initializers have no client for: the objects of another
// aggregated API, for example.
type WantsClientConfig interface {
	admission.InitializationValidator
	// SetClientConfig is given a copy of the configuration with which the server itself reaches the kube-apiserver. The
	// plugin makes its clients of it; ValidateInitialization returns what was wrong.
	SetClientConfig(*rest.Config)
}

// Runner is an admission plugin that has something to run for as long as the server serves, such as informers.
type Runner interface {
	admission.Interface
	// Run is called once, when the server begins to serve, and returns when the context ends, which it does after the last
	// request. Nothing waits for it to have come anywhere: neither readiness nor requests.
	Run(context.Context)
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
	if len(plugins) == 0 {
		return nil, nil
	}
	own := &ownInitializer{config: config}
	if err := config.AddPostStartHook("start-admission-plugins", own.start); err != nil {
		return nil, fmt.Errorf("starting admission plugins with the server: %w", err)
	}
	all := []admission.PluginInitializer{own}
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

// ownInitializer serves WantsClientConfig and Runner. Plugins that are switched off are never made, and come by here as little.
type ownInitializer struct {
	config  *genericapiserver.RecommendedConfig
	runners []Runner
}

var _ admission.PluginInitializer = &ownInitializer{}

// Initialize is called for every plugin of the server, before start.
func (o *ownInitializer) Initialize(plugin admission.Interface) {
	if wants, ok := plugin.(WantsClientConfig); ok {
		wants.SetClientConfig(rest.CopyConfig(o.config.ClientConfig))
	}
	if runner, ok := plugin.(Runner); ok {
		o.runners = append(o.runners, runner)
	}
}

// start is a post-start hook. Its context ends once all requests are done (GenericAPIServer.RunWithContext).
func (o *ownInitializer) start(ctx genericapiserver.PostStartHookContext) error {
	for _, runner := range o.runners {
		go runner.Run(ctx)
	}
	return nil
}
