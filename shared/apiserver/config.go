package apiserver

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	apiopenapi "k8s.io/apiserver/pkg/endpoints/openapi"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/flagz"
	serverstorage "k8s.io/apiserver/pkg/server/storage"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"example.com/annex/shared/reflector"
	"example.com/annex/shared/storage/sql"
	"example.com/annex/shared/version"
)

// config turns the options into upstream's configuration, with objects in the database, if there is one, and the reflectors that
// admission plugins and resources may ask for. The order is upstream's
// (k8s.io/apiserver/pkg/server/options.RecommendedOptions.ApplyTo), with two things that it leaves out: the serving
// limits, which priority and fairness needs first, and a storage factory that honours --storage-media-type and
// --etcd-servers-overrides. The way to kube-apiserver is earlier, because the serving certificate may come from there.
func (o *Options) config(database *sql.Database, b *background) (*genericapiserver.RecommendedConfig, *reflector.Set, error) {
	c := genericapiserver.NewRecommendedConfig(serverCodecs(o.scheme))
	c.Flagz = flagz.NamedFlagSetsReader{FlagSets: o.flags}
	o.openAPI(c)
	o.longRunning(&c.Config)

	if err := o.Serving.ApplyTo(&c.Config); err != nil {
		return nil, nil, fmt.Errorf("serving options: %w", err)
	}
	if err := o.applyStorage(c, database); err != nil {
		return nil, nil, err
	}
	if err := o.EgressSelector.ApplyTo(&c.Config); err != nil {
		return nil, nil, fmt.Errorf("egress options: %w", err)
	}
	if err := o.Traces.ApplyTo(c.EgressSelector, &c.Config); err != nil {
		return nil, nil, fmt.Errorf("tracing options: %w", err)
	}
	if err := o.CoreAPI.ApplyTo(c); err != nil {
		return nil, nil, fmt.Errorf("connecting to the kube-apiserver: %w", err)
	}
	if err := o.applyCertificates(c, b); err != nil {
		return nil, nil, err
	}
	if err := o.SecureServing.ApplyToConfig(&c.Config); err != nil {
		return nil, nil, fmt.Errorf("secure serving options (--bind-address, --secure-port): %w", err)
	}
	if err := o.Authentication.ApplyTo(&c.Authentication, c.SecureServing, c.OpenAPIConfig); err != nil {
		return nil, nil, fmt.Errorf("authentication options: %w", err)
	}
	o.frontProxyCheck(c)
	if err := o.Authorization.ApplyTo(&c.Authorization); err != nil {
		return nil, nil, fmt.Errorf("authorization options: %w", err)
	}
	if err := o.Audit.ApplyTo(&c.Config); err != nil {
		return nil, nil, fmt.Errorf("audit options: %w", err)
	}
	client, err := kubernetes.NewForConfig(c.ClientConfig)
	if err != nil {
		return nil, nil, fmt.Errorf("making a client of the kube-apiserver: %w", err)
	}
	if err := o.applyAccessCheck(c, b); err != nil {
		return nil, nil, fmt.Errorf("checking the server's own rights: %w", err)
	}
	dynamicClient, err := dynamic.NewForConfig(c.ClientConfig)
	if err != nil {
		return nil, nil, fmt.Errorf("making a dynamic client of the kube-apiserver: %w", err)
	}
	if err := o.Features.ApplyTo(&c.Config, client, c.SharedInformerFactory); err != nil {
		return nil, nil, fmt.Errorf("feature options: %w", err)
	}
	reflectors := reflector.NewSet(c.ClientConfig)
	own, err := initializers(o.Definition.admission(), c, reflectors)
	if err != nil {
		return nil, nil, fmt.Errorf("initialising admission plugins: %w", err)
	}
	if err := o.Admission.ApplyTo(&c.Config, c.SharedInformerFactory, client, dynamicClient, o.FeatureGate, c.EffectiveVersion, own...); err != nil {
		return nil, nil, fmt.Errorf("admission options: %w", err)
	}
	return c, reflectors, nil
}

func (o *Options) openAPI(c *genericapiserver.RecommendedConfig) {
	namer := apiopenapi.NewDefinitionNamer(o.scheme)
	c.OpenAPIConfig = genericapiserver.DefaultOpenAPIConfig(o.Definition.OpenAPI, namer)
	c.OpenAPIV3Config = genericapiserver.DefaultOpenAPIV3Config(o.Definition.OpenAPI, namer)
	c.OpenAPIConfig.Info.Title, c.OpenAPIConfig.Info.Version = o.Definition.Name, version.Version()
	c.OpenAPIV3Config.Info.Title, c.OpenAPIV3Config.Info.Version = o.Definition.Name, version.Version()
}

func (o *Options) storageFactory(c *genericapiserver.RecommendedConfig) serverstorage.StorageFactory {
	storage := o.Etcd.StorageConfig
	storage.StorageObjectCountTracker = c.StorageObjectCountTracker
	enabled := serverstorage.NewResourceConfig()
	enabled.EnableVersions(o.Definition.GroupVersions()...)
	prefixes := map[schema.GroupResource]string{}
	for _, g := range o.Definition.Groups {
		for _, r := range g.Resources {
			prefixes[schema.GroupResource{Group: g.Name, Resource: r.Name()}] = g.Name + "/" + r.Name()
		}
	}
	// As with built-in types, what is stored is never CBOR: the gate of that name makes it the encoding of custom resources.
	return serverstorage.NewDefaultStorageFactory(storage, o.Etcd.DefaultStorageMediaType, serializer.NewCodecFactory(o.scheme),
		serverstorage.NewDefaultResourceEncodingConfigForEffectiveVersion(o.scheme, c.EffectiveVersion), enabled, prefixes)
}
