package doctor_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"k8s.io/kube-aggregator/pkg/apis/apiregistration/v1/helper"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"
	"k8s.io/utils/ptr"

	"example.com/annex/e2e/step"
	"example.com/annex/servers/inventory/cmdb/databasetest"
	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/certs"
	"example.com/annex/shared/deployment"
	"example.com/annex/tools/annex/doctor"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/controlplanetest"
	"example.com/annex/tools/controlplane/extension"
	"example.com/annex/tools/controlplane/extension/extensiontest"
	"example.com/annex/tools/deploy/manifests"
)

// noticed is more than twice the time after which kube-apiserver looks at everything again by itself.
const noticed = 150 * time.Second

const namespace = deployment.DefaultNamespace

// world is a control plane with servers in it.
type world struct {
	plane      *controlplane.ControlPlane
	kubectl    string
	kubernetes kubernetes.Interface
	aggregator aggregator.Interface
	servers    map[string]*server
	// named is whether the doctor is told the servers' ServiceAccounts, which he can't find out where there are no pods.
	named bool
}

// server is one of them, with what is needed to put it right again.
type server struct {
	*extension.Extension
	installation deployment.Installation
	dir          string
	pair         certs.Pair // What it serves with when all is well.
	bundle       []byte
	pods         bool
}

func (s *server) apiService() string { return s.APIServices()[0] }

func (s *server) port() int {
	_, text, _ := net.SplitHostPort(strings.TrimPrefix(s.Direct().Host, "https://"))
	port, _ := strconv.Atoi(text) // It is the extension's own.
	return port
}

// newWorld starts a control plane. Without a node, pods are what the tests say of them.
func newWorld(t *testing.T, options controlplane.Options) *world {
	t.Helper()
	options.KubeControllerManagerArgs = append(options.KubeControllerManagerArgs, "--controllers=*,-node-lifecycle-controller")
	plane := controlplanetest.Start(t, options)
	binaries, err := controlplane.FindBinaries()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{plane: plane, kubectl: binaries.Kubectl, servers: map[string]*server{}}
	if w.kubernetes, err = kubernetes.NewForConfig(plane.RESTConfig()); err != nil {
		t.Fatal(err)
	}
	if w.aggregator, err = aggregator.NewForConfig(plane.RESTConfig()); err != nil {
		t.Fatal(err)
	}
	return w
}

// prepare makes a server that nothing is done with yet.
func (w *world) prepare(t *testing.T, definition apiserver.Definition, configure ...func(*extension.Options)) *server {
	t.Helper()
	installation := deployment.Installation{Definition: definition}
	options := extension.Options{Plane: w.plane, Installation: installation}
	for _, set := range configure {
		set(&options)
	}
	s := &server{Extension: extensiontest.New(t, options), installation: installation, dir: filepath.Join(w.plane.Dir(), definition.Name)}
	w.servers[definition.Name] = s
	return s
}

// steps takes the steps of an installation up to and including one.
func (s *server) steps(t *testing.T, last string, without ...string) {
	t.Helper()
	for _, step := range s.Steps() {
		if !slices.Contains(without, step.Name) {
			if err := step.Run(t.Context()); err != nil {
				t.Fatalf("%s: %s: %v", s.Name(), step.Name, err)
			}
		}
		if step.Name == last {
			break
		}
	}
	s.bundle = s.Direct().CAData
}

// install installs a server, and gives it pods if it is to have them.
func (w *world) install(t *testing.T, definition apiserver.Definition, pods bool) {
	t.Helper()
	s := w.prepare(t, definition, func(o *extension.Options) {
		if len(definition.Tabled()) > 0 {
			_, dsn := databasetest.New(t)
			o.Storage = []string{"--storage-backend=postgres", "--storage-dsn=" + dsn}
		}
	})
	s.steps(t, extension.WaitPublished)
	certificate, err := os.ReadFile(filepath.Join(s.dir, corev1.TLSCertKey))
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(s.dir, corev1.TLSPrivateKeyKey))
	if err != nil {
		t.Fatal(err)
	}
	s.pair, s.pods = certs.Pair{CertificatePEM: certificate, KeyPEM: key}, pods
	if pods {
		w.apply(t, w.pod(s))
		w.podStatus(t, s, readyStatus())
		w.apply(t, w.selecting(s))
		if err := w.kubernetes.DiscoveryV1().EndpointSlices(namespace).Delete(t.Context(), s.Name(), metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *world) apply(t *testing.T, objects ...runtime.Object) {
	t.Helper()
	if err := w.plane.Apply(t.Context(), objects...); err != nil {
		t.Fatal(err)
	}
}

// node is where pods are, for controllers that look for it.
func node() *corev1.Node {
	return &corev1.Node{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"}, ObjectMeta: metav1.ObjectMeta{Name: "node"}}
}

func labels(s *server) map[string]string {
	return map[string]string{"app.kubernetes.io/name": s.Name()}
}

// pod is the server's, as a Deployment would make it; the process is what a kubelet would run.
func (w *world) pod(s *server) *corev1.Pod {
	return &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: s.Name() + "-0", Labels: labels(s)},
		Spec: corev1.PodSpec{
			NodeName: node().Name, ServiceAccountName: s.Name(),
			// As the namespace demands it of every Pod.
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot:   ptr.To(true),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			Containers: []corev1.Container{{
				SecurityContext: &corev1.SecurityContext{
					AllowPrivilegeEscalation: ptr.To(false),
					Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
				Name: "server", Image: "annex/" + s.Name(), Args: []string{"--tls-cert-file=/certificates/tls.crt"},
				VolumeMounts: []corev1.VolumeMount{{Name: "certificates", MountPath: "/certificates"}},
			}},
			Volumes: []corev1.Volume{{Name: "certificates", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: s.Name() + "-serving"}}}},
		},
	}
}

// selecting is the Service with a selector.
func (w *world) selecting(s *server) *corev1.Service {
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: s.Name()},
		Spec: corev1.ServiceSpec{
			Selector: labels(s), Type: corev1.ServiceTypeClusterIP,
			Ports: []corev1.ServicePort{{Name: "https", Port: deployment.ServicePort, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt(s.port())}},
		},
	}
}

// removeService deletes the Service of a server, and waits until its EndpointSlices are gone.
func (w *world) removeService(t *testing.T, s *server) {
	t.Helper()
	w.must(t, "delete", "service", "-n", namespace, s.Name())
	mine := []string{"endpointslices", "-n", namespace, "-l", discoveryv1.LabelServiceName + "=" + s.Name()}
	step.Eventually(t.Context(), t, time.Minute, "the EndpointSlices to be gone", func(ctx context.Context) error {
		// Those that somebody wrote by hand nobody else deletes.
		if _, err := w.run(ctx, append([]string{"delete"}, mine...)...); err != nil {
			return err
		}
		if output, err := w.run(ctx, append([]string{"get", "-o", "name"}, mine...)...); err != nil || strings.TrimSpace(output) != "" {
			return fmt.Errorf("there are %s (error: %v)", output, err)
		}
		return nil
	})
}

// byHand gives a server a Service without selector, and no EndpointSlice. It is a new one: controllers keep what they have made for
// a selector that is taken away.
func (w *world) byHand(t *testing.T, s *server) {
	t.Helper()
	w.removeService(t, s)
	service := w.selecting(s)
	service.Spec.Selector = nil
	w.apply(t, service)
}

func readyStatus() corev1.PodStatus {
	return corev1.PodStatus{
		Phase:      corev1.PodRunning,
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		ContainerStatuses: []corev1.ContainerStatus{{
			Name: "server", Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
		}},
	}
}

// podStatus says what the kubelet would.
func (w *world) podStatus(t *testing.T, s *server, status corev1.PodStatus) {
	t.Helper()
	pod, err := w.kubernetes.CoreV1().Pods(namespace).Get(t.Context(), s.Name()+"-0", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	status.PodIP = w.plane.BindAddress()
	status.PodIPs = []corev1.PodIP{{IP: status.PodIP}}
	pod.Status = status
	if _, err := w.kubernetes.CoreV1().Pods(namespace).UpdateStatus(t.Context(), pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// patch changes an APIService.
func (w *world) patch(t *testing.T, name string, spec map[string]any) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"spec": spec})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.aggregator.ApiregistrationV1().APIServices().Patch(t.Context(), name, types.MergePatchType, body, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
}

// run runs kubectl as the administrator, and returns what it prints, on both outputs.
func (w *world) run(ctx context.Context, args ...string) (string, error) {
	return w.shell(ctx, exec.CommandContext(ctx, w.kubectl, args...))
}

// mend runs a command as a person would paste it.
func (w *world) mend(ctx context.Context, command string) (string, error) {
	return w.shell(ctx, exec.CommandContext(ctx, "sh", "-c", command))
}

func (w *world) shell(_ context.Context, cmd *exec.Cmd) (string, error) {
	cmd.Env = append(os.Environ(), "KUBECONFIG="+w.plane.Kubeconfig(), "PATH="+filepath.Dir(w.kubectl)+":"+os.Getenv("PATH"),
		// None is used twice: what kubectl says depends on what it remembers.
		"KUBECACHEDIR="+filepath.Join(w.plane.Dir(), fmt.Sprint("kubectl-", time.Now().UnixNano())))
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// must runs kubectl and fails the test if that fails.
func (w *world) must(t *testing.T, args ...string) {
	t.Helper()
	if output, err := w.run(t.Context(), args...); err != nil {
		t.Fatalf("kubectl %q: %v\n%s", args, err, output)
	}
}

// lookAgain has kube-apiserver look at the APIServices of a server now.
func (w *world) lookAgain(ctx context.Context, s *server) error {
	body := fmt.Sprintf(`{"metadata":{"annotations":{"example.com/probed":%q}}}`, time.Now().Format(time.RFC3339Nano))
	var errs []error
	for _, name := range s.APIServices() {
		_, err := w.aggregator.ApiregistrationV1().APIServices().Patch(ctx, name, types.MergePatchType, []byte(body), metav1.PatchOptions{})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// restart starts the server's process again without waiting until it is ready: with a fault it never is.
func (s *server) restart(t *testing.T) (wait func()) {
	t.Helper()
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	before := s.Server()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Restart(ctx) }()
	step.Eventually(t.Context(), t, time.Minute, "the process of "+s.Name(), func(context.Context) error {
		if s.Server() == before {
			return errors.New("it was not started yet")
		}
		return nil
	})
	return func() {
		cancel()
		<-done
	}
}

// serve has the server serve another certificate, on new connections and none of the old.
func (w *world) serve(t *testing.T, s *server, pair *certs.Pair) {
	t.Helper()
	if err := pair.WriteFiles(filepath.Join(s.dir, corev1.TLSCertKey), filepath.Join(s.dir, corev1.TLSPrivateKeyKey)); err != nil {
		t.Fatal(err)
	}
	want, err := certs.ParseCertificate(pair.CertificatePEM)
	if err != nil {
		t.Fatal(err)
	}
	end := s.restart(t)
	defer end()
	step.Eventually(t.Context(), t, time.Minute, "the certificate to be served", func(ctx context.Context) error {
		dialer := &tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}}
		connection, err := dialer.DialContext(ctx, "tcp", strings.TrimPrefix(s.Direct().Host, "https://"))
		if err != nil {
			return err
		}
		defer connection.Close()
		if served := connection.(*tls.Conn).ConnectionState().PeerCertificates[0]; !served.Equal(want) {
			return fmt.Errorf("another one is served, for %v", served.DNSNames)
		}
		return nil
	})
}

// authority is one that nobody knows yet.
func authority(t *testing.T, options certs.Options) *certs.Authority {
	t.Helper()
	made, err := certs.NewAuthority("another", options)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// late are the links that follow kube-apiserver's own documents, for which it asks servers once a minute.
var late = []string{doctor.LinkDiscovery, doctor.LinkOpenAPIV2, doctor.LinkOpenAPIV3, doctor.LinkLists}

// heal puts a server and all its objects right, and waits until the doctor finds nothing wrong, other than late.
func (w *world) heal(t *testing.T, s *server) {
	t.Helper()
	w.apply(t, s.installation.ServerAccess()...)
	if s.pods {
		w.podStatus(t, s, readyStatus())
		if service, err := w.kubernetes.CoreV1().Services(namespace).Get(t.Context(), s.Name(), metav1.GetOptions{}); err == nil && (service.Spec.Type != corev1.ServiceTypeClusterIP || service.Spec.Selector == nil) {
			w.removeService(t, s)
		}
		w.apply(t, w.selecting(s))
	}
	objects := s.installation.APIServices(s.bundle)
	w.apply(t, objects...)
	for _, name := range s.APIServices() {
		w.patch(t, name, map[string]any{"insecureSkipTLSVerify": nil, "caBundle": s.bundle, "groupPriorityMinimum": objects[0].(*apiregistrationv1.APIService).Spec.GroupPriorityMinimum})
	}
	if err := s.pair.WriteFiles(filepath.Join(s.dir, corev1.TLSCertKey), filepath.Join(s.dir, corev1.TLSPrivateKeyKey)); err != nil {
		t.Fatal(err)
	}
	if err := s.Kill(); err != nil { // It may be stopped (SIGSTOP).
		t.Fatal(err)
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.awaitRight(t, s, late...)
}

// awaitRight waits until the doctor finds every link of every APIService of a server right, but some.
func (w *world) awaitRight(t *testing.T, s *server, but ...string) {
	t.Helper()
	step.Eventually(t.Context(), t, noticed, "the doctor to find "+s.Name()+" right", func(ctx context.Context) error {
		if err := w.lookAgain(ctx, s); err != nil {
			return err
		}
		var errs []error
		for _, name := range s.APIServices() {
			for _, f := range w.examine(ctx, name).Findings {
				if f.Status != doctor.OK && !slices.Contains(but, f.Link) {
					errs = append(errs, fmt.Errorf("%s: %s is %s: %s", name, f.Link, f.Status, f.Detail))
				}
			}
		}
		return errors.Join(errs...)
	})
}

// examine is what the doctor finds.
func (w *world) examine(ctx context.Context, name string) doctor.Diagnosis {
	options := doctor.Options{Definitions: manifests.Servers()}
	if w.named {
		options.ServiceAccount = types.NamespacedName{Namespace: namespace, Name: strings.Split(name, ".")[1]}
	}
	examination, err := doctor.New(w.plane.RESTConfig(), options)
	if err != nil {
		return doctor.Diagnosis{Findings: []doctor.Finding{{Link: "doctor", Status: doctor.Wrong, Detail: err.Error()}}}
	}
	return examination.Examine(ctx, name)
}

// condition is the message of an APIService's condition, with its reason.
func (w *world) condition(ctx context.Context, name string) (string, error) {
	found, err := w.aggregator.ApiregistrationV1().APIServices().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	if c := helper.GetAPIServiceConditionByType(found, apiregistrationv1.Available); c != nil {
		return c.Reason + ": " + c.Message, nil
	}
	return "", errors.New("there is no condition yet")
}

// log is what a process has written.
func (w *world) log(name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(w.plane.LogDir(), name+".log"))
	return string(text), err
}
