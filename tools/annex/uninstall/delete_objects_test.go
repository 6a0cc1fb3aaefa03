package uninstall_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/certs/rotation"
	"example.com/annex/shared/deployment"
	"example.com/annex/tools/annex/uninstall"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/controlplanetest"
	"example.com/annex/tools/controlplane/extension"
	"example.com/annex/tools/controlplane/extension/extensiontest"
	"example.com/annex/tools/deploy/manifests"
)

func TestMain(m *testing.M) { os.Exit(extensiontest.Main(m, manifests.Servers()...)) }

// progress is what a run says, and somebody who hears each line.
type progress struct {
	strings.Builder
	told func(line string)
}

func (p *progress) Write(line []byte) (int, error) {
	p.told(string(line))
	return p.Builder.Write(line)
}

const finalizer = "e2e.example.com/held"

// TestDeletedObjects has a server with objects, one of which a controller must let go of first: nothing of the server goes before.
func TestDeletedObjects(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		resource   schema.GroupVersionResource
		kind       string
		namespaces []string
		spec       map[string]any
		args       []string
	}{
		"capacity": {
			schema.GroupVersionResource{Group: "capacity.example.com", Version: "v1", Resource: "reservations"}, "Reservation", []string{"default", "kube-public"},
			map[string]any{"siteName": "ams-1", "slots": int64(1)}, []string{"--disable-admission-plugins=SiteCheck"},
		},
		"topology": {
			schema.GroupVersionResource{Group: "topology.example.com", Version: "v1", Resource: "sites"}, "Site", []string{""},
			map[string]any{"region": "eu-west", "capacity": map[string]any{"slots": int64(1)}}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plane := controlplanetest.Start(t, controlplane.Options{})
			definitions, err := manifests.Named(name)
			if err != nil {
				t.Fatal(err)
			}
			server := extensiontest.New(t, extension.Options{
				Plane: plane, Installation: deployment.Installation{Definition: definitions[0]}, Args: tc.args, SelfCertificates: true,
			})
			if err := server.Install(t.Context()); err != nil {
				t.Fatal(err)
			}
			client, err := dynamic.NewForConfig(plane.RESTConfig())
			if err != nil {
				t.Fatal(err)
			}
			objects := func(namespace string) dynamic.ResourceInterface {
				if namespace == "" {
					return client.Resource(tc.resource)
				}
				return client.Resource(tc.resource).Namespace(namespace)
			}
			for _, namespace := range tc.namespaces {
				for object, finalizers := range map[string][]any{"free": nil, "held": {finalizer}} {
					_, err := objects(namespace).Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
						"apiVersion": tc.resource.GroupVersion().String(), "kind": tc.kind,
						"metadata": map[string]any{"name": object, "finalizers": finalizers}, "spec": tc.spec,
					}}, metav1.CreateOptions{})
					if err != nil {
						t.Fatal(err)
					}
				}
			}
			run := func(ctx context.Context, deleted func(line string)) (string, error) {
				said := progress{told: deleted}
				err := uninstall.Run(ctx, plane.RESTConfig(), uninstall.Options{
					Server: name, Namespace: deployment.DefaultNamespace, DeleteObjects: true, Progress: &said,
				})
				return said.String(), err
			}

			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			said, err := run(ctx, func(string) {})
			if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "is the controller of their finalizers running?") || !strings.Contains(err.Error(), "/held") {
				t.Errorf("with nobody to take the finalizers: got %v, want an error about them", err)
			}
			if strings.Contains(said, "apiservices") {
				t.Errorf("the API went before its objects: %s", said)
			}
			for _, namespace := range tc.namespaces {
				if _, err := objects(namespace).Get(t.Context(), "free", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
					t.Errorf("an object without finalizers, in %q: %v, want not found", namespace, err)
				}
				held, err := objects(namespace).Get(t.Context(), "held", metav1.GetOptions{})
				if err != nil || held.GetDeletionTimestamp() == nil {
					t.Errorf("an object with a finalizer, in %q: %v, want it to be there, and being deleted", namespace, err)
				}
			}

			// The controller lets go of an object once it is asked to.
			ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			said, err = run(ctx, func(line string) {
				for _, namespace := range tc.namespaces {
					if !strings.Contains(line, "/held") || namespace != "" && !strings.Contains(line, " in "+namespace) {
						continue
					}
					if _, err := objects(namespace).Patch(ctx, "held", types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}); err != nil {
						t.Error(err)
					}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if first, api := strings.Index(said, tc.resource.GroupResource().String()+"/held"), strings.Index(said, "apiservices"); first < 0 || api < first {
				t.Errorf("want objects before the API, got %s", said)
			}
			kube, err := kubernetes.NewForConfig(plane.RESTConfig())
			if err != nil {
				t.Fatal(err)
			}
			secret := apiserver.CertificatesSecret(name)
			if s, err := kube.CoreV1().Secrets(deployment.DefaultNamespace).Get(t.Context(), secret, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
				t.Errorf("the Secret of its certificates: %v (empty: %t), want not found", err, err == nil && rotation.Empty(s))
			}

			// kube-apiserver knows nothing of the API any more; the server still has its storage.
			admin, err := plane.ConfigFor("admin", "system:masters")
			if err != nil {
				t.Fatal(err)
			}
			direct := server.Direct()
			direct.CertData, direct.KeyData = admin.CertData, admin.KeyData
			stored, err := dynamic.NewForConfig(direct)
			if err != nil {
				t.Fatal(err)
			}
			err = wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, 10*time.Second, true, func(ctx context.Context) (bool, error) {
				list, err := stored.Resource(tc.resource).List(ctx, metav1.ListOptions{})
				return err == nil && len(list.Items) == 0, err
			})
			if err != nil {
				t.Errorf("what the server has stored: %v", err)
			}
		})
	}
}
