package apiserver

import (
	"net/http"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	genericapiserver "k8s.io/apiserver/pkg/server"

	"example.com/annex/shared/registry"
)

// streamed is a resource of which only the names matter here.
type streamed struct{ name, stream string }

func (s streamed) Name() string            { return s.name }
func (s streamed) Access() registry.Access { return registry.Access{} }
func (s streamed) Subresources() []registry.Subresource {
	return []registry.Subresource{{Name: "status"}, {Name: s.stream, LongRunning: true}}
}
func (s streamed) Storage(registry.Options) (map[string]rest.Storage, error) { return nil, nil }

func TestLongRunning(t *testing.T) {
	t.Parallel()
	o := &Options{Definition: Definition{Groups: []Group{
		{Name: "fleet.example.com", Resources: []registry.Resource{streamed{"ships", "log"}, streamed{"ports", "attach"}}},
	}}}
	config := genericapiserver.NewRecommendedConfig(serializer.NewCodecFactory(runtime.NewScheme()))
	o.longRunning(&config.Config)
	about := func(verb, group, resource, subresource string) *request.RequestInfo {
		return &request.RequestInfo{IsResourceRequest: true, Verb: verb, APIGroup: group, Resource: resource, Subresource: subresource}
	}
	for _, tc := range []struct {
		info *request.RequestInfo
		want bool
	}{
		{about("get", "fleet.example.com", "ships", "log"), true},
		{about("get", "fleet.example.com", "ports", "attach"), true},
		{about("watch", "fleet.example.com", "ships", ""), true},
		{about("get", "fleet.example.com", "ships", ""), false},
		{about("get", "fleet.example.com", "ships", "status"), false},
		{about("get", "fleet.example.com", "ports", "log"), false},
		{about("get", "crew.example.com", "ships", "log"), false},
		{&request.RequestInfo{Verb: "get", Path: "/version"}, false},
	} {
		if got := config.LongRunningFunc(&http.Request{}, tc.info); got != tc.want {
			t.Errorf("%s of %s/%s of %s is long-running: %t, want %t", tc.info.Verb, tc.info.Resource, tc.info.Subresource, tc.info.APIGroup, got, tc.want)
		}
	}
}
