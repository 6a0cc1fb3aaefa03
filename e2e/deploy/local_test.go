package deploy_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"

	"example.com/annex/e2e/step"
	"example.com/annex/servers/inventory/cmdb/databasetest"
	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/certs/rotation"
	"example.com/annex/shared/deployment"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/extension/extensiontest"
	"example.com/annex/tools/controlplane/port"
	"example.com/annex/tools/controlplane/process"
	"example.com/annex/tools/deploy/apply"
	"example.com/annex/tools/deploy/manifests"
)

// TestLocal installs every server with the overlay local, and runs it with the arguments that it has in kind.
func TestLocal(t *testing.T) {
	t.Parallel()
	plane := start(t)
	client, err := kubernetes.NewForConfig(plane.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range manifests.Servers() {
		t.Run(server.Name, func(t *testing.T) {
			t.Parallel()
			address, err := port.Reserve(plane.BindAddress())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := address.Release(); err != nil {
					t.Error(err)
				}
			})
			objects := render(t, manifests.Options{Server: server.Name, Overlay: "local", Address: netip.MustParseAddrPort(address.Address())})
			applied(t, plane, objects, apply.Options{})
			checkAccess(t, client, server, deployment.DefaultNamespace)

			pod := workload(t, render(t, manifests.Options{Server: server.Name, Overlay: "kind"})).Spec.Template.Spec
			container := pod.Containers[0]
			dsn := ""
			if len(server.Tabled()) > 0 {
				_, dsn = databasetest.New(t)
			}
			running := run(t, plane, client, server, pod, address, dsn)
			defer stop(t, running)
			for name, probe := range map[string]*corev1.Probe{"startup": container.StartupProbe, "liveness": container.LivenessProbe, "readiness": container.ReadinessProbe} {
				step.Eventually(t.Context(), t, timeout, "the "+name+" probe succeeds", func(ctx context.Context) error {
					return ask(ctx, client, server, "https://"+address.Address()+probe.HTTPGet.Path)
				})
			}
			// The second time, now that the server is there: nothing of what it has set is in the way, and nothing is reset.
			applied(t, plane, objects, apply.Options{Wait: true})
			checkAccess(t, client, server, deployment.DefaultNamespace)

			stop(t, running)
			uninstalled(t, plane, server, objects)
		})
	}
}

func workload(t *testing.T, objects []unstructured.Unstructured) *appsv1.Deployment {
	t.Helper()
	for _, object := range objects {
		if object.GetKind() == "Deployment" {
			var workload appsv1.Deployment
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &workload); err != nil {
				t.Fatal(err)
			}
			return &workload
		}
	}
	t.Fatal("there is no Deployment")
	return nil
}

// run starts the server as a Pod would: as its ServiceAccount, with the Pod's arguments, what is mounted included. dsn is what the
// Secret says where its objects are, if there is one.
func run(t *testing.T, plane *controlplane.ControlPlane, client kubernetes.Interface, server apiserver.Definition, pod corev1.PodSpec, address *port.Reservation, dsn string) *process.Process {
	t.Helper()
	dir := t.TempDir()
	program, identity := extensiontest.Program(t, server.Name)
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if err := plane.WriteServiceAccountKubeconfig(t.Context(), kubeconfig, deployment.DefaultNamespace, pod.ServiceAccountName); err != nil {
		t.Fatal(err)
	}
	args := append(mounted(t, dir, server, pod, dsn),
		// What a Pod has from its surroundings.
		"--kubeconfig="+kubeconfig, "--service-namespace="+deployment.DefaultNamespace,
		"--bind-address="+plane.BindAddress(), "--secure-port="+address.String(), "--permit-port-sharing")
	running, err := process.Start(t.Context(), process.Command{
		Name: server.Name, Path: program, Args: args, Env: identity,
		LogFile: filepath.Join(plane.LogDir(), server.Name+".log"),
		Ready: func(ctx context.Context) error {
			return ask(ctx, client, server, "https://"+address.Address()+"/readyz")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, running) })
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	if err := running.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	return running
}

func stop(t *testing.T, running *process.Process) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := running.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// mounted are the container's arguments, with directories of this machine in the place of those that the Pod mounts.
func mounted(t *testing.T, dir string, server apiserver.Definition, pod corev1.PodSpec, dsn string) []string {
	t.Helper()
	args := append([]string(nil), pod.Containers[0].Args...)
	for _, mount := range pod.Containers[0].VolumeMounts {
		here := filepath.Join(dir, mount.Name)
		if err := os.Mkdir(here, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, volume := range pod.Volumes {
			if volume.Name == mount.Name && volume.ConfigMap != nil {
				write(t, here, render(t, manifests.Options{Server: server.Name, Overlay: "kind"}), volume.ConfigMap.Name)
			}
			if volume.Name == mount.Name && volume.Secret != nil && volume.Secret.SecretName == server.Name+"-postgresql" {
				if err := os.WriteFile(filepath.Join(here, "dsn"), []byte(dsn), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i := range args {
			args[i] = strings.Replace(args[i], "="+mount.MountPath, "="+here, 1)
		}
	}
	return args
}

// write writes the ConfigMap's files.
func write(t *testing.T, dir string, objects []unstructured.Unstructured, name string) {
	t.Helper()
	for _, object := range objects {
		if object.GetKind() != "ConfigMap" || object.GetName() != name {
			continue
		}
		data, _, err := unstructured.NestedStringMap(object.Object, "data")
		if err != nil {
			t.Fatal(err)
		}
		for file, content := range data {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	t.Fatalf("there is no ConfigMap %s, which a volume names", name)
}

// ask asks the server itself, as nobody, over the certificate that it has made.
func ask(ctx context.Context, client kubernetes.Interface, server apiserver.Definition, url string) error {
	secret, err := client.CoreV1().Secrets(deployment.DefaultNamespace).Get(ctx, apiserver.CertificatesSecret(server.Name), metav1.GetOptions{})
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(secret.Data[rotation.BundleKey])
	name := (deployment.Installation{Definition: server}).ServiceName()
	transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: name}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", url, response.Status, body)
	}
	return nil
}
