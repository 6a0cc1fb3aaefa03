package doctor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"example.com/annex/e2e/step"
	"example.com/annex/shared/certs"
	"example.com/annex/shared/deployment"
	"example.com/annex/tools/annex/doctor"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/deploy/manifests"
)

// breakage is one thing that is made wrong.
type breakage struct {
	name string
	// server is whose link is broken. Empty means capacity.
	server string
	// apiService is what is examined. Empty means the server's first.
	apiService string
	// flags are kube-apiserver's that break it, for a control plane of its own; without are the steps of the server's installation
	// that can't succeed then.
	flags   func(*testing.T) []string
	without []string
	// inflict breaks it otherwise.
	inflict func(*testing.T, *world, *server)
	// wrong is the link that must be named as the first that is wrong, and detail what it must say.
	wrong, detail string
	// mends is whether the command that is printed puts the link right.
	mends bool
	// symptoms are the entries of the document that are to be seen, and where.
	symptoms []symptom
}

// symptom is a text that people see. The heading is docs/troubleshooting.md's, with words in capitals for what differs.
type symptom struct {
	heading string
	seen    func(context.Context, *world, *server) (string, error)
}

// inCondition is where kubectl get apiservice -o yaml shows it.
func inCondition(ctx context.Context, w *world, s *server) (string, error) {
	if err := w.lookAgain(ctx, s); err != nil {
		return "", err
	}
	return w.condition(ctx, s.apiService())
}

func inLog(process string) func(context.Context, *world, *server) (string, error) {
	return func(_ context.Context, w *world, _ *server) (string, error) { return w.log(process) }
}

// fromKubectl is what a command prints, which may fail.
func fromKubectl(args ...string) func(context.Context, *world, *server) (string, error) {
	return func(ctx context.Context, w *world, _ *server) (string, error) {
		output, err := w.run(ctx, args...)
		if exit := new(exec.ExitError); errors.As(err, &exit) {
			err = nil
		}
		return output, err
	}
}

const (
	reservations = "/apis/capacity.example.com/v1/namespaces/default/reservations"
	unavailable  = "Error from server (ServiceUnavailable): the server is currently unable to handle the request"
)

// breakages are those of a kube-apiserver that dials endpoints, one after the other.
func breakages() []breakage {
	return []breakage{
		{
			name: "APIService deleted", server: "insight",
			inflict: func(t *testing.T, w *world, s *server) { w.must(t, "delete", "apiservice", s.apiService()) },
			wrong:   doctor.LinkAPIService, detail: "there is none of this name",
			symptoms: []symptom{{"error: the server doesn't have a resource type RESOURCE", fromKubectl("get", "siteusages")}},
		},
		{
			name: "insecureSkipTLSVerify",
			inflict: func(t *testing.T, w *world, s *server) {
				w.patch(t, s.apiService(), map[string]any{"caBundle": nil, "insecureSkipTLSVerify": true})
			},
			wrong: doctor.LinkSpecification, detail: "insecureSkipTLSVerify is set", mends: true,
		},
		{
			name: "priority of built-in groups",
			inflict: func(t *testing.T, w *world, s *server) {
				w.patch(t, s.apiService(), map[string]any{"groupPriorityMinimum": 18000})
			},
			wrong: doctor.LinkSpecification, detail: "groupPriorityMinimum is 18000", mends: true,
		},
		{
			name: "Service deleted",
			inflict: func(t *testing.T, w *world, s *server) {
				w.must(t, "delete", "service", "-n", namespace, s.Name())
			},
			wrong: doctor.LinkService, detail: "there is no Service annex-system/capacity",
			symptoms: []symptom{
				{`ServiceNotFound: service/SERVICE in "NAMESPACE" is not present`, inCondition},
				{unavailable, fromKubectl("get", "--raw", reservations)},
			},
		},
		{
			name: "wrong port",
			inflict: func(t *testing.T, w *world, s *server) {
				w.patch(t, s.apiService(), map[string]any{"service": map[string]any{"port": 444}})
			},
			wrong: doctor.LinkService, detail: "names port 444; the Service has 443", mends: true,
			symptoms: []symptom{{`ServicePortError: service/SERVICE in "NAMESPACE" is not listening on port PORT`, inCondition}},
		},
		{
			name: "ExternalName with aggregator routing",
			inflict: func(t *testing.T, w *world, s *server) {
				w.must(t, "delete", "service", "-n", namespace, s.Name())
				w.must(t, "create", "service", "externalname", "-n", namespace, s.Name(), "--external-name=localhost", fmt.Sprintf("--tcp=%d", deployment.ServicePort))
			},
			wrong: doctor.LinkService, detail: "refuses with --enable-aggregator-routing",
			symptoms: []symptom{{`unsupported service type "ExternalName"`, inCondition}},
		},
		{
			name: "selector matches no pod",
			inflict: func(t *testing.T, w *world, s *server) {
				w.must(t, "patch", "service", "-n", namespace, s.Name(), "--type=merge", "-p", `{"spec":{"selector":{"app.kubernetes.io/name":null,"app":"capacity"}}}`)
			},
			wrong: doctor.LinkEndpoints, detail: "selector app=capacity matches no pod", mends: true,
			symptoms: []symptom{{`MissingEndpoints: endpointslices for service/SERVICE in "NAMESPACE" have no addresses with port name "PORT_NAME"`, inCondition}},
		},
		{
			name: "pod not ready",
			inflict: func(t *testing.T, w *world, s *server) {
				w.podStatus(t, s, corev1.PodStatus{
					Phase:      corev1.PodRunning,
					Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse, Reason: "ContainersNotReady"}},
					ContainerStatuses: []corev1.ContainerStatus{{
						Name: "server", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: "back-off 5m0s"}},
					}},
				})
			},
			wrong: doctor.LinkEndpoints, detail: "container server waits: CrashLoopBackOff: back-off 5m0s",
		},
		{
			name: "EndpointSlice deleted",
			inflict: func(t *testing.T, w *world, s *server) {
				w.byHand(t, s)
			},
			wrong: doctor.LinkEndpoints, detail: "no EndpointSlice has the label",
			symptoms: []symptom{{`EndpointsNotFound: cannot find endpointslices for service/SERVICE in "NAMESPACE"`, inCondition}},
		},
		{
			name: "endpoint written by hand not ready",
			inflict: func(t *testing.T, w *world, s *server) {
				w.byHand(t, s)
				w.apply(t, slice(s, w.plane.BindAddress(), s.port(), false))
			},
			wrong: doctor.LinkEndpoints, detail: "none of 1 is ready", mends: true,
		},
		{
			name: "server down",
			inflict: func(t *testing.T, w *world, s *server) {
				if err := s.Kill(); err != nil {
					t.Fatal(err)
				}
			},
			wrong: doctor.LinkReach, detail: "connection refused",
			symptoms: []symptom{
				{`FailedDiscoveryCheck: failing or missing response from URL: Get "URL": dial tcp ADDRESS: connect: connection refused`, inCondition},
				{"error trying to reach service: dial tcp ADDRESS: connect: connection refused", fromKubectl("get", "--raw", "/api/v1/namespaces/"+namespace+"/services/https:capacity:443/proxy/readyz")},
				{"stale GroupVersion discovery: GROUP/VERSION", stuckNamespace},
			},
		},
		{
			name: "server hangs",
			inflict: func(t *testing.T, w *world, s *server) {
				if err := syscall.Kill(s.Server().Pid(), syscall.SIGSTOP); err != nil {
					t.Fatal(err)
				}
			},
			wrong: doctor.LinkReach, detail: "it hangs",
			symptoms: []symptom{{`FailedDiscoveryCheck: failing or missing response from URL: Get "URL": TIMEOUT`, inCondition}},
		},
		{
			name: "certificate for another name",
			inflict: func(t *testing.T, w *world, s *server) {
				other := authority(t, certs.Options{})
				pair, err := other.IssueServer(certs.ServiceNames("other", namespace, ""))
				if err != nil {
					t.Fatal(err)
				}
				w.serve(t, s, pair)
				w.patch(t, s.apiService(), map[string]any{"caBundle": other.CertificatePEM()})
			},
			wrong: doctor.LinkCertificate, detail: "it is not for capacity.annex-system.svc",
			symptoms: []symptom{{"x509: certificate is valid for NAMES, not SERVICE.NAMESPACE.svc", inCondition}},
		},
		{
			name: "certificate expired",
			inflict: func(t *testing.T, w *world, s *server) {
				other := authority(t, certs.Options{Validity: time.Hour, Now: func() time.Time { return time.Now().Add(-2 * time.Hour) }})
				pair, err := other.IssueServer(certs.ServiceNames(s.Name(), namespace, ""))
				if err != nil {
					t.Fatal(err)
				}
				w.serve(t, s, pair)
				w.patch(t, s.apiService(), map[string]any{"caBundle": other.CertificatePEM()})
			},
			wrong: doctor.LinkCertificate, detail: "it expired at",
			symptoms: []symptom{{"x509: certificate has expired or is not yet valid: current time NOW is after THEN", inCondition}},
		},
		{
			name: "caBundle of another authority",
			inflict: func(t *testing.T, w *world, s *server) {
				w.patch(t, s.apiService(), map[string]any{"caBundle": authority(t, certs.Options{}).CertificatePEM()})
			},
			wrong: doctor.LinkBundle, detail: `it has CA "another"`, mends: true,
			symptoms: []symptom{{"x509: certificate signed by unknown authority", inCondition}},
		},
		{
			name: "caBundle empty",
			inflict: func(t *testing.T, w *world, s *server) {
				w.patch(t, s.apiService(), map[string]any{"caBundle": nil})
			},
			wrong: doctor.LinkBundle, detail: "it is empty", mends: true,
		},
		{
			name: "caBundle expired",
			inflict: func(t *testing.T, w *world, s *server) {
				past := certs.Options{AuthorityValidity: time.Hour, Now: func() time.Time { return time.Now().Add(-2 * time.Hour) }}
				w.patch(t, s.apiService(), map[string]any{"caBundle": authority(t, past).CertificatePEM()})
			},
			wrong: doctor.LinkBundle, detail: "it has expired", mends: true,
		},
		{
			name: "caBundle garbage",
			inflict: func(t *testing.T, w *world, s *server) {
				w.patch(t, s.apiService(), map[string]any{"caBundle": []byte("not PEM")})
			},
			wrong: doctor.LinkBundle, detail: "it is not certificates in PEM", mends: true,
			symptoms: []symptom{{"unable to load root certificates: unable to parse bytes as PEM block", inLog("kube-apiserver")}},
		},
		{
			name: "auth-reader binding deleted",
			inflict: func(t *testing.T, w *world, s *server) {
				w.must(t, "delete", "rolebinding", "-n", metav1.NamespaceSystem, "annex:capacity:auth-reader")
				w.awaitDenied(t, s, "get", "configmaps/extension-apiserver-authentication", metav1.NamespaceSystem)
				s.restart(t)()
			},
			wrong: doctor.LinkAuthReader, detail: "may not read ConfigMap kube-system/extension-apiserver-authentication", mends: true,
			symptoms: []symptom{{`configmaps "extension-apiserver-authentication" is forbidden: User "system:serviceaccount:NAMESPACE:NAME" cannot get resource "configmaps" in API group "" in the namespace "kube-system"`, inLog("capacity")}},
		},
		{
			name: "auth-delegator binding deleted",
			inflict: func(t *testing.T, w *world, s *server) {
				w.must(t, "create", "rolebinding", "jane", "--clusterrole=view", "--user=jane", "-n", "default")
				t.Cleanup(func() { _, _ = w.run(context.Background(), "delete", "rolebinding", "jane", "-n", "default") })
				w.must(t, "delete", "clusterrolebinding", "annex:capacity:auth-delegator")
			},
			wrong: doctor.LinkAuthDelegator, detail: "may not ask kube-apiserver who callers are", mends: true,
			symptoms: []symptom{{`subjectaccessreviews.authorization.k8s.io is forbidden: User "system:serviceaccount:NAMESPACE:NAME" cannot create resource "subjectaccessreviews" in API group "authorization.k8s.io" at the cluster scope`,
				fromKubectl("get", "--raw", reservations, "--as=jane", "--as-group=system:authenticated")}},
		},
		{
			name: "right of an admission plugin missing",
			inflict: func(t *testing.T, w *world, s *server) {
				w.withoutRight(t, s, "mutatingadmissionpolicies")
				w.awaitDenied(t, s, "watch", "mutatingadmissionpolicies", "")
				t.Cleanup(s.restart(t))
			},
			wrong: doctor.LinkRights, detail: "mutatingadmissionpolicies.admissionregistration.k8s.io", mends: true,
			symptoms: []symptom{
				{"The server lacks a right: it may not VERB RESOURCE: add the rule RULE to ROLE", inLog("capacity")},
				{"may not VERB RESOURCE: add the rule RULE to ROLE", accessCheck},
			},
		},
		{
			name: "auth-delegator binding of somebody else",
			inflict: func(t *testing.T, w *world, s *server) {
				w.must(t, "delete", "clusterrolebinding", "annex:capacity:auth-delegator")
				w.must(t, "create", "clusterrolebinding", "annex:capacity:auth-delegator", "--clusterrole=view", "--serviceaccount=default:default")
			},
			wrong: doctor.LinkAuthDelegator, detail: "may not ask kube-apiserver who callers are", mends: true,
		},
		{
			name: "rights binding deleted",
			inflict: func(t *testing.T, w *world, s *server) {
				w.must(t, "delete", "clusterrolebinding", "annex:capacity")
			},
			wrong: doctor.LinkRights, detail: "there is no ClusterRoleBinding annex:capacity", mends: true,
		},
		{
			name: "rights binding names somebody else",
			inflict: func(t *testing.T, w *world, s *server) {
				w.must(t, "patch", "clusterrolebinding", "annex:capacity", "--type=merge", "-p", `{"subjects":[{"kind":"ServiceAccount","namespace":"default","name":"default"}]}`)
			},
			wrong: doctor.LinkRights, detail: "ClusterRoleBinding annex:capacity does not name it", mends: true,
		},
		{
			name: "version that is not served", apiService: "v1alpha9.capacity.example.com",
			inflict: func(t *testing.T, w *world, s *server) {
				service := s.installation.APIServices(s.bundle)[0]
				content, err := json.Marshal(service)
				if err != nil {
					t.Fatal(err)
				}
				manifest := strings.NewReplacer(`"version":"v1"`, `"version":"v1alpha9"`, `"v1.capacity`, `"v1alpha9.capacity`).Replace(string(content))
				file := t.TempDir() + "/apiservice.json"
				if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
					t.Fatal(err)
				}
				w.must(t, "create", "-f", file)
				t.Cleanup(func() {
					_, _ = w.run(context.Background(), "delete", "apiservice", "v1alpha9.capacity.example.com", "--ignore-not-found")
				})
			},
			wrong: doctor.LinkVersion, detail: "does not serve capacity.example.com/v1alpha9",
			symptoms: []symptom{{"FailedDiscoveryCheck: failing or missing response from URL: bad status from URL: 404",
				func(ctx context.Context, w *world, _ *server) (string, error) {
					return w.condition(ctx, "v1alpha9.capacity.example.com")
				}}},
		},
	}
}

// slice is an EndpointSlice that somebody wrote by hand.
func slice(s *server, address string, port int, ready bool) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		TypeMeta:    metav1.TypeMeta{APIVersion: discoveryv1.SchemeGroupVersion.String(), Kind: "EndpointSlice"},
		ObjectMeta:  metav1.ObjectMeta{Namespace: namespace, Name: s.Name(), Labels: map[string]string{discoveryv1.LabelServiceName: s.Name(), discoveryv1.LabelManagedBy: "hand"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{address}, Conditions: discoveryv1.EndpointConditions{Ready: &ready}}},
		Ports:       []discoveryv1.EndpointPort{{Name: ptr.To("https"), Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(int32(port))}},
	}
}

// awaitDenied waits until kube-apiserver has heard that a server may not do something any more.
func (w *world) awaitDenied(t *testing.T, s *server, verb, resource, in string) {
	t.Helper()
	step.Eventually(t.Context(), t, time.Minute, "the right to be gone", func(ctx context.Context) error {
		args := []string{"auth", "can-i", verb, resource, "--as=system:serviceaccount:" + namespace + ":" + s.Name()}
		if in != "" {
			args = append(args, "-n", in)
		}
		if output, err := w.run(ctx, args...); err == nil || !strings.Contains(output, "no") {
			return fmt.Errorf("kubectl %q: %s", args, output)
		}
		return nil
	})
}

// withoutRight takes a resource out of a server's ClusterRole.
func (w *world) withoutRight(t *testing.T, s *server, resource string) {
	t.Helper()
	name := s.installation.Definition.RoleName()
	role, err := w.kubernetes.RbacV1().ClusterRoles().Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, rule := range role.Rules {
		var left []string
		for _, r := range rule.Resources {
			if r != resource {
				left = append(left, r)
			}
		}
		role.Rules[i].Resources = left
	}
	if _, err := w.kubernetes.RbacV1().ClusterRoles().Update(t.Context(), role, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// accessCheck is what the server says at /readyz/access to an administrator.
func accessCheck(ctx context.Context, w *world, s *server) (string, error) {
	admin, err := w.plane.ConfigFor("admin", "system:masters")
	if err != nil {
		return "", err
	}
	return ask(ctx, s, admin, "/readyz/access")
}

// stuckNamespace is what a namespace says that can't be deleted. Each call deletes one more: kube-controller-manager says it only of
// those that it works on.
func stuckNamespace(ctx context.Context, w *world, _ *server) (string, error) {
	const name = "stuck"
	_, _ = w.run(ctx, "create", "namespace", name)
	_, _ = w.run(ctx, "delete", "namespace", name, "--wait=false")
	return w.run(ctx, "get", "namespace", name, "-o", "jsonpath={.status.conditions}")
}

// TestBreakages breaks one link after the other.
func TestBreakages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, controlplane.Options{AggregatorRouting: true})
	w.apply(t, node())
	for _, definition := range manifests.Servers() {
		w.install(t, definition, true)
	}
	for _, s := range w.servers {
		w.awaitRight(t, s)
	}
	t.Run("local", func(t *testing.T) {
		if d := w.examine(t.Context(), "v1.apps"); !d.Local || d.Wrong != "" || len(d.Findings) != 1 || !strings.Contains(d.Findings[0].Detail, "local") {
			t.Errorf("v1.apps: got %+v, want that it is local", d)
		}
	})
	for _, b := range slices.Concat(breakages(), faults()) {
		t.Run(b.name, func(t *testing.T) { w.try(t, b) })
	}
	for _, s := range w.servers {
		w.awaitRight(t, s)
	}
}

// diagnose has the doctor find what is wrong, and sees what people see of it.
func (w *world) diagnose(t *testing.T, s *server, name string, b breakage) *doctor.Finding {
	t.Helper()
	var found doctor.Diagnosis
	var first *doctor.Finding
	step.Eventually(t.Context(), t, noticed, "the doctor to find what is wrong", func(ctx context.Context) error {
		if err := w.lookAgain(ctx, s); err != nil && b.wrong != doctor.LinkAPIService {
			return err
		}
		found = w.examine(ctx, name)
		if first = found.FirstWrong(); first == nil || first.Link != b.wrong || !strings.Contains(first.Detail, b.detail) {
			return fmt.Errorf("first wrong: %+v, want %s: %s; all: %+v", first, b.wrong, b.detail, found.Findings)
		}
		return nil
	})
	var report strings.Builder
	if err := (doctor.Report{Diagnoses: []doctor.Diagnosis{found}}).WriteText(&report, false); err != nil {
		t.Error(err)
	}
	t.Log(report.String())
	if first.Mend == "" && first.Advice == "" {
		t.Error("the doctor does not say what to do")
	}
	for _, symptom := range b.symptoms {
		see(t, w, s, symptom)
	}
	return first
}

// try breaks a link, has it examined, mends it as the doctor says, and puts all right again.
func (w *world) try(t *testing.T, b breakage) {
	s := w.servers["capacity"]
	if b.server != "" {
		s = w.servers[b.server]
	}
	name := s.apiService()
	if b.apiService != "" {
		name = b.apiService
	}
	t.Run("break", func(t *testing.T) { // Of its own, so that its clean-up comes before the healing.
		b.inflict(t, w, s)
		first := w.diagnose(t, s, name, b)
		if !b.mends {
			return
		}
		if output, err := w.mend(t.Context(), first.Mend); err != nil {
			t.Errorf("%s: %v\n%s", first.Mend, err, output)
			return
		}
		step.Eventually(t.Context(), t, noticed, "the link to be right after "+first.Mend, func(ctx context.Context) error {
			for _, f := range w.examine(ctx, name).Findings {
				if f.Link == b.wrong && f.Status != doctor.OK {
					return fmt.Errorf("%s: %s", f.Status, f.Detail)
				}
			}
			return nil
		})
	})
	w.heal(t, s)
}
