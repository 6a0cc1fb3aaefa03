package controlplane_test

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"example.com/annex/shared/condition"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/controlplanetest"
	"example.com/annex/tools/controlplane/process"
)

func client(t *testing.T, config *rest.Config) kubernetes.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// aggregatorFlags are the flags of kube-apiserver that make an aggregator, with
// the value that each must have; an empty value is a file that must exist.
var aggregatorFlags = map[string]string{
	"--requestheader-client-ca-file":       "",
	"--requestheader-allowed-names":        "front-proxy-client",
	"--requestheader-username-headers":     "X-Remote-User",
	"--requestheader-uid-headers":          "X-Remote-Uid",
	"--requestheader-group-headers":        "X-Remote-Group",
	"--requestheader-extra-headers-prefix": "X-Remote-Extra-",
	"--proxy-client-cert-file":             "",
	"--proxy-client-key-file":              "",
}

func TestControlPlane(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		routing bool
		want    string
	}{
		{"without aggregator routing", false, "false"},
		{"with aggregator routing", true, "true"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var ready []string
			plane := controlplanetest.Start(t, controlplane.Options{
				AggregatorRouting: tc.routing,
				Progress: func(e controlplane.Event) {
					mu.Lock()
					defer mu.Unlock()
					if e.Ready {
						ready = append(ready, e.Process)
					}
				},
			})
			if want := []string{"etcd", "kube-apiserver", "kube-controller-manager"}; !slices.Equal(ready, want) {
				t.Errorf("progress told of %v, want %v", ready, want)
			}
			t.Run("flags of the running kube-apiserver", func(t *testing.T) { testAggregatorFlags(t, plane, tc.want) })
			t.Run("what aggregated servers are told", func(t *testing.T) { testAuthenticationConfigMap(t, plane) })
			t.Run("controllers", func(t *testing.T) { testControllers(t, plane) })
			t.Run("users", func(t *testing.T) { testUsers(t, plane) })
			t.Run("kubeconfig", func(t *testing.T) { testKubeconfig(t, plane) })
			t.Run("route", func(t *testing.T) { testRoute(t, plane, tc.routing) })
		})
	}
}

// testAggregatorFlags reads the flags back from the process itself.
func testAggregatorFlags(t *testing.T, plane *controlplane.ControlPlane, routing string) {
	flags := commandLine(t, plane.Processes()[1])
	want := maps.Clone(aggregatorFlags)
	want["--enable-aggregator-routing"] = routing
	for name, value := range want {
		got, ok := flags[name]
		switch {
		case !ok:
			t.Errorf("%s is not set", name)
		case value != "" && got != value:
			t.Errorf("%s=%s, want %s", name, got, value)
		case value == "":
			if _, err := os.Stat(got); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// commandLine is a running process's flags, as the kernel has them.
func commandLine(t *testing.T, p *process.Process) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("/proc", itoa(p.Pid()), "cmdline"))
	if err != nil {
		t.Fatal(err)
	}
	flags := map[string]string{}
	for arg := range strings.SplitSeq(strings.TrimRight(string(data), "\x00"), "\x00") {
		name, value, _ := strings.Cut(arg, "=")
		flags[name] = value
	}
	return flags
}

// testAuthenticationConfigMap reads what kube-apiserver publishes for aggregated
// servers (k8s.io/kubernetes/pkg/controlplane/controller/clusterauthenticationtrust).
func testAuthenticationConfigMap(t *testing.T, plane *controlplane.ControlPlane) {
	var data map[string]string
	condition.Eventually(t.Context(), t, 30*time.Second, "the configuration of extension servers", func(ctx context.Context) error {
		configMap, err := client(t, plane.RESTConfig()).CoreV1().ConfigMaps(metav1.NamespaceSystem).
			Get(ctx, "extension-apiserver-authentication", metav1.GetOptions{})
		if err == nil {
			data = configMap.Data
		}
		return err
	})
	for key, want := range map[string]string{
		"client-ca-file":                     string(plane.ClientCA().CertificatePEM()),
		"requestheader-client-ca-file":       string(plane.FrontProxyCA().CertificatePEM()),
		"requestheader-allowed-names":        `["front-proxy-client"]`,
		"requestheader-username-headers":     `["X-Remote-User"]`,
		"requestheader-uid-headers":          `["X-Remote-Uid"]`,
		"requestheader-group-headers":        `["X-Remote-Group"]`,
		"requestheader-extra-headers-prefix": `["X-Remote-Extra-"]`,
	} {
		if got := strings.TrimSpace(data[key]); got != strings.TrimSpace(want) {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

// testControllers checks that kube-controller-manager works: a namespace gets
// its ServiceAccount and CA, and is emptied when it is deleted.
func testControllers(t *testing.T, plane *controlplane.ControlPlane) {
	core := client(t, plane.RESTConfig()).CoreV1()
	const name = "controllers"
	if _, err := core.Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	condition.Eventually(t.Context(), t, 30*time.Second, "the default ServiceAccount", func(ctx context.Context) error {
		_, err := core.ServiceAccounts(name).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
	condition.Eventually(t.Context(), t, 30*time.Second, "the CA in the namespace", func(ctx context.Context) error {
		configMap, err := core.ConfigMaps(name).Get(ctx, "kube-root-ca.crt", metav1.GetOptions{})
		if err == nil && configMap.Data["ca.crt"] != string(plane.ClientCA().CertificatePEM()) {
			err = errors.New("it holds another CA")
		}
		return err
	})
	if err := core.Namespaces().Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	condition.Eventually(t.Context(), t, 30*time.Second, "the namespace to be gone", func(ctx context.Context) error {
		_, err := core.Namespaces().Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(errors.New("the namespace is still there"), err)
	})
}

func testUsers(t *testing.T, plane *controlplane.ControlPlane) {
	config, err := plane.ConfigFor("jane", "operators")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client(t, config).CoreV1().Secrets("default").List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) ||
		!strings.Contains(err.Error(), `User "jane"`) {
		t.Errorf("jane lists Secrets with %v, want a refusal that names her", err)
	}
	if _, err := client(t, plane.AnonymousConfig()).CoreV1().Secrets("default").List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) ||
		!strings.Contains(err.Error(), "system:anonymous") {
		t.Errorf("nobody lists Secrets with %v, want a refusal that names system:anonymous", err)
	}
	if _, err := client(t, plane.RESTConfig()).CoreV1().Secrets("default").List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Errorf("the administrator may not list Secrets: %v", err)
	}
}

func testKubeconfig(t *testing.T, plane *controlplane.ControlPlane) {
	config, err := clientcmd.BuildConfigFromFlags("", plane.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	version, err := client(t, config).Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(version.GitVersion, "v1.") {
		t.Errorf("kube-apiserver says that it is %q", version.GitVersion)
	}
	if said := version.Major + "." + version.Minor; plane.Version().String() != said {
		t.Errorf("the control plane says that it is of version %s, and its kube-apiserver %s", plane.Version(), said)
	}
	info, err := os.Stat(plane.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the administrator's kubeconfig has mode %v, want -rw-------", info.Mode())
	}
}

func testRoute(t *testing.T, plane *controlplane.ControlPlane, routing bool) {
	const port = 4444
	objects, servicePort := plane.RouteObjects("default", "routed", port)
	if want := map[bool]int32{false: port, true: 443}[routing]; servicePort != want {
		t.Errorf("an APIService must name port %d, want %d", servicePort, want)
	}
	// Twice: the second time the objects are there.
	for range 2 {
		if err := plane.Apply(t.Context(), objects...); err != nil {
			t.Fatal(err)
		}
	}
	service, err := client(t, plane.RESTConfig()).CoreV1().Services("default").Get(t.Context(), "routed", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want := map[bool]corev1.ServiceType{false: corev1.ServiceTypeExternalName, true: corev1.ServiceTypeClusterIP}[routing]; service.Spec.Type != want {
		t.Errorf("the Service is of type %s, want %s", service.Spec.Type, want)
	}
	if ip := net.ParseIP(plane.BindAddress()); ip.IsLoopback() == routing {
		t.Errorf("servers are to listen on %s, which kube-apiserver does not dial", ip)
	}
}

func TestSideBySide(t *testing.T) {
	t.Parallel()
	dir := controlplanetest.Dir(t)
	var group sync.WaitGroup
	hosts := make([]string, 2)
	for i := range hosts {
		group.Go(func() {
			plane, err := controlplane.Start(t.Context(), controlplane.Options{Dir: dir})
			if err != nil {
				t.Error(err)
				return
			}
			hosts[i] = plane.RESTConfig().Host
			if err := plane.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	slices.Sort(hosts)
	if len(slices.Compact(hosts)) != len(hosts) {
		t.Errorf("control planes shared an address: %v", hosts)
	}
	assertEmpty(t, dir)
}

func TestStopLeavesNothingButLogDir(t *testing.T) {
	t.Parallel()
	dir, logs := controlplanetest.Dir(t), filepath.Join(t.TempDir(), "logs")
	plane, err := controlplane.Start(t.Context(), controlplane.Options{Dir: dir, LogDir: logs})
	if err != nil {
		t.Fatal(err)
	}
	processes := plane.Processes()
	for range 2 {
		if err := plane.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range processes {
		if _, err := os.Stat(filepath.Join("/proc", itoa(p.Pid()))); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s still runs: %v", p.Name(), err)
		}
	}
	for _, address := range []string{plane.RESTConfig().Host, plane.EtcdURL()} {
		parsed, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		listener, err := net.Listen("tcp", parsed.Host)
		if err != nil {
			t.Errorf("the port of %s is not free: %v", address, err)
			continue
		}
		listener.Close()
	}
	assertEmpty(t, dir)
	for _, p := range processes {
		if _, err := os.Stat(filepath.Join(logs, p.Name()+".log")); err != nil {
			t.Error(err)
		}
	}
}

func assertEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("left behind in %s: %v, %v", dir, entries, err)
	}
}
