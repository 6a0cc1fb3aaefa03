package apiserver

import (
	"context"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/admission"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/rest"
)

// reader is an admission plugin with a client and something to run.
type reader struct {
	*admission.Handler
	config *rest.Config
	began  chan struct{}
	ended  chan struct{}
}

func (r *reader) SetClientConfig(config *rest.Config) { r.config = config }
func (r *reader) ValidateInitialization() error       { return nil }
func (r *reader) Run(ctx context.Context) {
	close(r.began)
	<-ctx.Done()
	close(r.ended)
}

func TestOwnPluginsGetAClientAndRunWithTheServer(t *testing.T) {
	t.Parallel()
	config := genericapiserver.NewRecommendedConfig(serializer.NewCodecFactory(runtime.NewScheme()))
	config.ClientConfig = &rest.Config{Host: "kube-apiserver"}
	all, err := initializers([]AdmissionPlugin{{Name: "Reader"}}, config)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 {
		t.Fatalf("got %d initializers, want 1", len(all))
	}
	if _, ok := config.PostStartHooks["start-admission-plugins"]; !ok {
		t.Error("no post-start hook starts them")
	}
	plugin := &reader{began: make(chan struct{}), ended: make(chan struct{})}
	all[0].Initialize(plugin)
	all[0].Initialize(admission.NewHandler(admission.Create)) // wants nothing
	if plugin.config == nil || plugin.config.Host != "kube-apiserver" {
		t.Fatalf("the plugin got the configuration %v", plugin.config)
	}
	if plugin.config == config.ClientConfig {
		t.Error("the plugin got the server's own configuration, not a copy")
	}

	ctx, cancel := context.WithCancel(t.Context())
	if err := all[0].(*ownInitializer).start(genericapiserver.PostStartHookContext{Context: ctx}); err != nil {
		t.Fatal(err)
	}
	await(t, plugin.began, "the plugin to run")
	select {
	case <-plugin.ended:
		t.Error("it ended before the server did")
	default:
	}
	cancel()
	await(t, plugin.ended, "the plugin to end with the server")
}

func await(t *testing.T, done <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatalf("waiting for %s", what)
	}
}

func TestWithoutOwnPluginsNothingIsStarted(t *testing.T) {
	t.Parallel()
	config := genericapiserver.NewRecommendedConfig(serializer.NewCodecFactory(runtime.NewScheme()))
	all, err := initializers(nil, config)
	if err != nil || len(all) != 0 || len(config.PostStartHooks) != 0 {
		t.Errorf("got %d initializers, %d hooks, %v; want none", len(all), len(config.PostStartHooks), err)
	}
}
