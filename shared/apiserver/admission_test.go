package apiserver

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/admission"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/rest"

	"example.com/annex/shared/reflector"
)

// reader is an admission plugin that goes by another API.
type reader struct {
	*admission.Handler
	reflectors *reflector.Set
}

func (r *reader) SetReflectors(reflectors *reflector.Set) { r.reflectors = reflectors }
func (r *reader) ValidateInitialization() error           { return nil }

func TestOwnPluginsGetTheServersReflectors(t *testing.T) {
	t.Parallel()
	config := genericapiserver.NewRecommendedConfig(serializer.NewCodecFactory(runtime.NewScheme()))
	reflectors := reflector.NewSet(&rest.Config{Host: "kube-apiserver"})
	all, err := initializers([]AdmissionPlugin{{Name: "Reader"}}, config, reflectors)
	if err != nil {
		t.Fatal(err)
	}
	plugin := &reader{}
	for _, initializer := range all {
		initializer.Initialize(plugin)
		initializer.Initialize(admission.NewHandler(admission.Create)) // wants nothing
	}
	if plugin.reflectors != reflectors {
		t.Fatal("the plugin did not get the server's reflectors")
	}
	mine := reflectors.Config()
	mine.Host = "another"
	if got := reflectors.Config().Host; got != "kube-apiserver" {
		t.Errorf("the plugin got the server's own configuration, not a copy: it is for %s now", got)
	}
}
