package reflector

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

// Set is the reflectors of one server: one for each resource, whoever asks for it.
type Set struct {
	config *rest.Config

	mu  sync.Mutex
	all map[schema.GroupResource]*Reflector
}

// NewSet makes an empty set. config says how to reach the kube-apiserver, which passes on what is read of aggregated APIs.
func NewSet(config *rest.Config) *Set {
	return &Set{config: config, all: map[schema.GroupResource]*Reflector{}}
}

// Config is a copy of how to reach the kube-apiserver, for those who read live what a reflector can't tell. A client of it has a rate
// limit of its own, as each reflector's has.
func (s *Set) Config() *rest.Config { return rest.CopyConfig(s.config) }

// For is the reflector of a resource. Where there is none yet, options say how to make it, before Run.
func (s *Set) For(resource schema.GroupResource, options func(*rest.Config) (Options, error)) (*Reflector, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.all[resource]; r != nil {
		return r, nil
	}
	o, err := options(s.Config())
	if err != nil {
		return nil, fmt.Errorf("making a client for %s: %w", resource, err)
	}
	r, err := newReflector(resource, o)
	if err != nil {
		return nil, err
	}
	s.all[resource] = r
	return r, nil
}

// Run runs all reflectors that there are until the context ends. What fails is tried again.
func (s *Set) Run(ctx context.Context) {
	s.mu.Lock()
	var running sync.WaitGroup
	for _, r := range s.all {
		running.Go(func() { r.run(ctx) })
	}
	s.mu.Unlock()
	running.Wait()
}
