package extension_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"

	"example.com/annex/servers/capacity/definition"
	"example.com/annex/shared/condition"
	"example.com/annex/shared/deployment"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/controlplanetest"
	"example.com/annex/tools/controlplane/extension"
	"example.com/annex/tools/controlplane/extension/extensiontest"
	"example.com/annex/tools/controlplane/process"
)

// The control plane's programs are found as in package controlplane: without
// them the tests fail.
func TestMain(m *testing.M) { os.Exit(extensiontest.Main(m, definition.New())) }

var reservations = schema.GroupVersionResource{Group: "capacity.example.com", Version: "v1", Resource: "reservations"}

func capacity(t *testing.T, options extension.Options) *extension.Extension {
	t.Helper()
	options.Installation = deployment.Installation{Definition: definition.New()}
	// There are no sites: it is the only server.
	options.Args = append(options.Args, "--disable-admission-plugins=SiteCheck")
	return extensiontest.New(t, options)
}

func list(ctx context.Context, config *rest.Config) error {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	_, err = client.Resource(reservations).Namespace("default").List(ctx, metav1.ListOptions{})
	return err
}

func TestInstall(t *testing.T) {
	t.Parallel()
	for _, routing := range []bool{false, true} {
		t.Run(fmt.Sprintf("aggregator routing %t", routing), func(t *testing.T) {
			t.Parallel()
			plane := controlplanetest.Start(t, controlplane.Options{AggregatorRouting: routing})
			server := capacity(t, extension.Options{Plane: plane})
			if err := server.Install(t.Context()); err != nil {
				t.Fatal(err)
			}
			t.Run("objects through kube-apiserver", func(t *testing.T) { testObjects(t, plane) })
			t.Run("access", func(t *testing.T) { testAccess(t, plane, server) })
			t.Run("killed and back", func(t *testing.T) { testRestart(t, plane, server) })
			t.Run("uninstall", func(t *testing.T) { testUninstall(t, plane, server) })
		})
	}
}

func testObjects(t *testing.T, plane *controlplane.ControlPlane) {
	client, err := dynamic.NewForConfig(plane.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	created, err := client.Resource(reservations).Namespace("default").Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": reservations.GroupVersion().String(),
		"kind":       "Reservation",
		"metadata":   map[string]any{"name": "a"},
		"spec":       map[string]any{"siteName": "berlin", "slots": int64(1)},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if created.GetUID() == "" {
		t.Error("the object has no uid: no server has stored it")
	}
	// The protection that a CA gives is worth nothing without it.
	services, err := aggregator.NewForConfig(plane.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	apiService, err := services.ApiregistrationV1().APIServices().Get(t.Context(), "v1.capacity.example.com", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if apiService.Spec.InsecureSkipTLSVerify || len(apiService.Spec.CABundle) == 0 {
		t.Error("kube-apiserver does not verify the server's certificate")
	}
}

func testAccess(t *testing.T, plane *controlplane.ControlPlane, server *extension.Extension) {
	jane, err := plane.ConfigFor("jane")
	if err != nil {
		t.Fatal(err)
	}
	if err := list(t.Context(), jane); !apierrors.IsForbidden(err) {
		t.Errorf("a user without rights lists with %v, want a refusal", err)
	}
	if err := list(t.Context(), server.Direct()); !apierrors.IsForbidden(err) {
		t.Errorf("nobody lists, past kube-apiserver, with %v, want a refusal", err)
	}
	// The server itself refuses headers that any caller may send.
	forged := server.Direct()
	forged.Wrap(func(next http.RoundTripper) http.RoundTripper { return asMaster{next} })
	if err := list(t.Context(), forged); !apierrors.IsForbidden(err) {
		t.Errorf("forged X-Remote-* headers list with %v, want a refusal", err)
	}
}

type asMaster struct{ next http.RoundTripper }

func (m asMaster) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("X-Remote-User", "admin")
	request.Header.Set("X-Remote-Group", "system:masters")
	return m.next.RoundTrip(request)
}

func testRestart(t *testing.T, plane *controlplane.ControlPlane, server *extension.Extension) {
	before := server.Server()
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if before.Err() == nil {
		t.Error("the server was killed, and runs")
	}
	if err := list(t.Context(), plane.RESTConfig()); err == nil {
		t.Error("objects are served by a server that was killed")
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(server.Server().Command().Args, before.Command().Args) {
		t.Error("it came back with other flags")
	}
	condition.Eventually(t.Context(), t, time.Minute, "reservations to be listed", func(ctx context.Context) error { return list(ctx, plane.RESTConfig()) })
}

func testUninstall(t *testing.T, plane *controlplane.ControlPlane, server *extension.Extension) {
	if err := server.Uninstall(t.Context()); err != nil {
		t.Fatal(err)
	}
	if server.Server().Err() == nil {
		t.Error("the server still runs")
	}
	condition.Eventually(t.Context(), t, time.Minute, "the resource to be unknown", func(ctx context.Context) error {
		if err := list(ctx, plane.RESTConfig()); !apierrors.IsNotFound(err) {
			return fmt.Errorf("listing says %w, want that the resource is not known", err)
		}
		return nil
	})
}

func TestFailuresNameTheStep(t *testing.T) {
	t.Parallel()
	plane := controlplanetest.Start(t, controlplane.Options{})

	t.Run("server ends", func(t *testing.T) {
		server := capacity(t, extension.Options{Plane: plane, Args: []string{"--no-such-flag"}})
		err := server.Install(t.Context())
		var exit *process.ExitError
		if !errors.As(err, &exit) {
			t.Fatalf("got %v, want that the server ended", err)
		}
		for _, want := range []string{extension.StartServer, "no-such-flag", exit.LogFile} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("the error does not say %q: %v", want, err)
			}
		}
	})
	t.Run("wrong CA", func(t *testing.T) {
		server := capacity(t, extension.Options{
			Plane: plane,
			Apply: func(ctx context.Context, step string, objects ...runtime.Object) error {
				for _, object := range objects {
					if apiService, ok := object.(*apiregistrationv1.APIService); ok {
						apiService.Spec.CABundle = plane.ClientCA().CertificatePEM()
					}
				}
				return plane.Apply(ctx, objects...)
			},
		})
		for _, step := range server.Steps() {
			if step.Name == extension.WaitAvailable {
				condition.Eventually(t.Context(), t, time.Minute, "the step to say why it fails", func(ctx context.Context) error {
					return givesUpFor(ctx, step, "certificate signed by unknown authority")
				})
				return
			}
			if err := step.Run(t.Context()); err != nil {
				t.Fatal(step.Name, err)
			}
		}
	})
	t.Run("context", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		because := errors.New("enough")
		server := capacity(t, extension.Options{
			Plane: plane,
			Apply: func(ctx context.Context, step string, objects ...runtime.Object) error {
				if step == extension.GrantServerAccess {
					cancel(because)
				}
				return plane.Apply(ctx, objects...)
			},
		})
		if err := server.Install(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, because) {
			t.Errorf("got %v, want the context's end", err)
		}
		if server.Server() != nil {
			t.Error("the server was started after the end")
		}
	})
	t.Run("never started", func(t *testing.T) {
		server := capacity(t, extension.Options{Plane: plane})
		if err := errors.Join(server.Kill(), server.Restart(t.Context())); err == nil {
			t.Error("a server that was never started was killed and restarted")
		}
	})
}

// givesUpFor is nil if a step that is given little time fails for a reason.
// kube-apiserver may not know the reason yet.
func givesUpFor(ctx context.Context, step extension.Step, reason string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	err := step.Run(ctx)
	if err == nil {
		return fmt.Errorf("%s succeeds", step.Name)
	}
	for _, want := range []string{"v1.capacity.example.com", reason} {
		if !strings.Contains(err.Error(), want) {
			return fmt.Errorf("the error does not say %q: %w", want, err)
		}
	}
	return nil
}
