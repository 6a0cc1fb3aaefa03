package apiserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/registry/rest"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/klog/v2"

	"example.com/annex/shared/reflector"
	"example.com/annex/shared/registry"
)

// Server is an API server that is ready to run.
type Server struct {
	// Generic is upstream's server: for health checks, hooks, and the loopback client configuration.
	Generic *genericapiserver.GenericAPIServer

	name       string
	reflectors *reflector.Set
	// closeStorage is for when nothing uses the storage any more.
	closeStorage func() error
}

// Server makes the server that the options describe: it completes and validates them, opens the listener, and asks the
// kube-apiserver for the cluster's authentication configuration. It serves nothing until Run. Errors name the part
// that failed; the storage is destroyed then, and SecureServing.Listener closed.
func (o *Options) Server() (*Server, error) {
	if err := errors.Join(o.Complete(), o.Validate()); err != nil {
		o.closeListener()
		return nil, err
	}
	return o.server(context.Background())
}

func (o *Options) closeListener() {
	if listener := o.SecureServing.Listener; listener != nil {
		_ = listener.Close()
	}
}

// server makes the server. ctx limits what it does for that, not the server.
func (o *Options) server(ctx context.Context) (_ *Server, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("starting %s: %w", o.Definition.Name, err)
			o.closeListener()
		}
	}()
	// First, because nothing else need be there to say that it can't be opened.
	database, err := o.openDatabase(ctx)
	if err != nil {
		return nil, err
	}
	closeStorage := func() error { return nil }
	if database != nil {
		closeStorage = database.Close
	}
	defer func() {
		if err == nil {
			return
		}
		if failure := closeStorage(); failure != nil {
			err = errors.Join(err, fmt.Errorf("closing the storage: %w", failure))
		}
	}()
	config, err := o.config(database)
	if err != nil {
		return nil, err
	}
	generic, err := config.Complete().New(o.Definition.Name, genericapiserver.NewEmptyDelegate())
	if err != nil {
		return nil, err
	}
	reflectors := reflector.NewSet(config.ClientConfig)
	var infos []*genericapiserver.APIGroupInfo
	var storages []rest.Storage
	defer func() {
		if err != nil {
			// The generic server destroys only what was installed. Destroying twice is allowed.
			for _, storage := range storages {
				storage.Destroy()
			}
			generic.Destroy()
		}
	}()
	for _, group := range o.Definition.Groups {
		info, made, err := o.groupInfo(group, config, reflectors)
		storages = append(storages, made...)
		if err != nil {
			return nil, err
		}
		infos = append(infos, info)
	}
	if err := generic.InstallAPIGroups(infos...); err != nil {
		return nil, fmt.Errorf("installing API groups: %w", err)
	}
	return &Server{Generic: generic, name: o.Definition.Name, reflectors: reflectors, closeStorage: closeStorage}, nil
}

// groupInfo builds the storage of a group's resources and puts each into every version that has its kind. It returns
// the storages that it made when it fails, too.
func (o *Options) groupInfo(group Group, config *genericapiserver.RecommendedConfig, reflectors *reflector.Set) (_ *genericapiserver.APIGroupInfo, made []rest.Storage, _ error) {
	// Upstream replaces the codec factory by one that encodes lists an object at a time, and CBOR if its gate is on.
	info := genericapiserver.NewDefaultAPIGroupInfo(group.Name, o.scheme, runtime.NewParameterCodec(o.scheme), serializer.CodecFactory{})
	info.NegotiatedSerializer = newNegotiatedSerializer(info.NegotiatedSerializer, o.scheme, group.groupVersions())
	for _, resource := range group.Resources {
		storage, err := resource.Storage(registry.Options{
			Group: group.Name, Scheme: o.scheme, RESTOptionsGetter: config.RESTOptionsGetter, Reflectors: reflectors,
		})
		if err != nil {
			return nil, made, err
		}
		made = slices.AppendSeq(made, maps.Values(storage))
		main, ok := storage[""]
		if !ok {
			return nil, made, fmt.Errorf("resource %q of group %s has no storage of its own, only subresources", resource.Name(), group.Name)
		}
		served := false
		for _, gv := range group.groupVersions() {
			if !o.serves(gv, main) {
				continue
			}
			served = true
			versioned := info.VersionedResourcesStorageMap[gv.Version]
			if versioned == nil {
				versioned = map[string]rest.Storage{}
				info.VersionedResourcesStorageMap[gv.Version] = versioned
			}
			for subresource, s := range storage {
				versioned[resourcePath(resource.Name(), subresource)] = s
			}
		}
		if !served {
			return nil, made, fmt.Errorf("resource %q: no version of group %s (%v) has the kind %T", resource.Name(), group.Name, group.Versions, main.New())
		}
	}
	return &info, made, nil
}

func resourcePath(resource, subresource string) string {
	if subresource == "" {
		return resource
	}
	return resource + "/" + subresource
}

// serves tells whether a version has the kind that the storage keeps.
func (o *Options) serves(gv schema.GroupVersion, storage rest.Storage) bool {
	kinds, _, err := o.scheme.ObjectKinds(storage.New())
	return err == nil && o.scheme.Recognizes(gv.WithKind(kinds[0].Kind))
}

// Run serves until the context ends, then shuts down in order: /readyz fails, --shutdown-delay-duration passes,
// requests in flight finish, watches end, the listener closes, the audit log is flushed. Reflectors run from the beginning to
// the end; nothing waits for them to be in step. A database is closed last.
func (s *Server) Run(ctx context.Context) (err error) {
	klog.FromContext(ctx).Info("Serving", "server", s.name, "address", s.Generic.SecureServingInfo.Listener.Addr().String())
	defer func() {
		if failure := s.closeStorage(); failure != nil {
			err = errors.Join(err, fmt.Errorf("closing the storage of %s: %w", s.name, failure))
		}
	}()
	// Requests that are still answered during the shutdown need what they read.
	reading, stop := context.WithCancel(context.WithoutCancel(ctx))
	var reflectors sync.WaitGroup
	reflectors.Go(func() { s.reflectors.Run(reading) })
	defer reflectors.Wait()
	defer stop()
	if err := s.Generic.PrepareRun().RunWithContext(ctx); err != nil {
		return fmt.Errorf("running %s: %w", s.name, err)
	}
	return nil
}
