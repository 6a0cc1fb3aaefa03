// Package access_test has servers notice which rights they lack, and say it: every verb of every rule that the manifests grant is
// taken away in a real control plane.
package access_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"example.com/annex/servers/capacity/definition"
	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/auth"
	"example.com/annex/shared/deployment"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/controlplanetest"
	"example.com/annex/tools/controlplane/extension"
	"example.com/annex/tools/controlplane/extension/extensiontest"
	"example.com/annex/tools/deploy/manifests"
)

// Without the control plane's programs the tests fail.
func TestMain(m *testing.M) { os.Exit(extensiontest.Main(m, definition.New())) }

// rights are the rules that an object grants, to be changed in place.
func rights(object runtime.Object) []rbacv1.PolicyRule {
	switch role := object.(type) {
	case *rbacv1.ClusterRole:
		return role.Rules
	case *rbacv1.Role:
		return role.Rules
	}
	return nil
}

// TestEachVerbIsNamed takes away one verb after the other, of each server.
func TestEachVerbIsNamed(t *testing.T) {
	t.Parallel()
	plane := controlplanetest.Start(t, controlplane.Options{})
	for _, server := range manifests.Servers() {
		t.Run(server.Name, func(t *testing.T) {
			t.Parallel()
			testEachVerb(t, plane, server)
		})
	}
}

func testEachVerb(t *testing.T, plane *controlplane.ControlPlane, server apiserver.Definition) {
	installation := deployment.Installation{Definition: server}
	apply := func(objects ...runtime.Object) {
		t.Helper()
		if err := plane.Apply(t.Context(), objects...); err != nil {
			t.Fatal(err)
		}
	}
	apply(installation.Identity()...)
	apply(installation.ServerAccess()...)

	config := plane.RESTConfig()
	config.QPS = -1
	config.Impersonate = rest.ImpersonationConfig{UserName: "system:serviceaccount:" + deployment.DefaultNamespace + ":" + server.Name}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	needed := server.Access(deployment.DefaultNamespace)
	lacking := func(ctx context.Context) ([]auth.Lack, error) {
		var all []auth.Lack
		for _, access := range needed {
			lacks, err := access.Lacking(ctx, client.AuthorizationV1().SelfSubjectAccessReviews())
			if err != nil {
				return nil, err
			}
			all = append(all, lacks...)
		}
		return all, nil
	}
	// await waits until what is lacking is this many rights: kube-apiserver hears of roles by its own watch.
	await := func(count int) []auth.Lack {
		t.Helper()
		var last []auth.Lack
		err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (_ bool, err error) {
			last, err = lacking(ctx)
			return len(last) == count, err
		})
		if err != nil {
			t.Fatalf("waiting for %d lacking rights: %v: %v", count, err, last)
		}
		return last
	}
	await(0)

	verbs := 0
	for n, object := range installation.ServerAccess() {
		for i, rule := range rights(object) {
			for _, verb := range rule.Verbs {
				verbs++
				less := installation.ServerAccess()[n]
				r := &rights(less)[i]
				r.Verbs = slices.DeleteFunc(slices.Clone(r.Verbs), func(v string) bool { return v == verb })
				if len(r.Verbs) == 0 {
					r.Verbs = []string{"none"} // A rule without verbs is not valid.
				}
				apply(less)
				for _, lack := range await(len(rule.Resources) * max(1, len(rule.ResourceNames))) {
					resource := lack.Attributes.Resource
					if lack.Attributes.Subresource != "" {
						resource += "/" + lack.Attributes.Subresource
					}
					if lack.Attributes.Verb != verb || !slices.Contains(rule.Resources, resource) || lack.Attributes.Group != rule.APIGroups[0] {
						t.Errorf("without %s of %v: got %s", verb, rule.Resources, lack)
					}
					if text := lack.String(); !strings.Contains(text, fmt.Sprintf("verbs: [%q]", verb)) || !strings.Contains(text, server.RoleName()) {
						t.Errorf("the message does not say which rule to add to which role: %s", text)
					}
				}
				apply(object)
				await(0)
			}
		}
	}
	t.Logf("%d verbs were taken away, and named", verbs)
	if verbs < 20 {
		t.Errorf("%d verbs were tried: where are the others?", verbs)
	}
}

// TestBindingsAreNamed takes away what is granted by built-in roles.
func TestBindingsAreNamed(t *testing.T) {
	t.Parallel()
	plane := controlplanetest.Start(t, controlplane.Options{})
	server := definition.New()
	installation := deployment.Installation{Definition: server}
	var granted []runtime.Object
	for _, object := range installation.ServerAccess() {
		if binding, ok := object.(*rbacv1.ClusterRoleBinding); ok && binding.RoleRef.Name == "system:auth-delegator" {
			continue
		}
		if binding, ok := object.(*rbacv1.RoleBinding); ok && binding.RoleRef.Name == "extension-apiserver-authentication-reader" {
			continue
		}
		granted = append(granted, object)
	}
	if err := plane.Apply(t.Context(), append(installation.Identity(), granted...)...); err != nil {
		t.Fatal(err)
	}
	config := plane.RESTConfig()
	config.Impersonate = rest.ImpersonationConfig{UserName: "system:serviceaccount:" + deployment.DefaultNamespace + ":" + server.Name}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"create tokenreviews.authentication.k8s.io", "create subjectaccessreviews.authorization.k8s.io",
		`get configmaps "extension-apiserver-authentication" in namespace kube-system`,
		`list configmaps "extension-apiserver-authentication" in namespace kube-system`,
		`watch configmaps "extension-apiserver-authentication" in namespace kube-system`,
	}
	var got []string
	err = wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		got = nil
		for _, access := range server.Access(deployment.DefaultNamespace) {
			lacks, err := access.Lacking(ctx, client.AuthorizationV1().SelfSubjectAccessReviews())
			if err != nil {
				return false, err
			}
			for _, lack := range lacks {
				got = append(got, lack.String())
			}
		}
		return len(got) == len(want), nil
	})
	if err != nil {
		t.Fatalf("%v: got %q", err, got)
	}
	for i, text := range want {
		if !strings.HasPrefix(got[i], "may not "+text+":") {
			t.Errorf("got %q, want the right to %s", got[i], text)
		}
	}
}

// TestServerSaysWhatItLacks: it is not ready, says why, and is ready soon after the rule was added.
func TestServerSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	plane := controlplanetest.Start(t, controlplane.Options{})
	installation := deployment.Installation{Definition: definition.New()}
	install(t, extension.Options{
		Plane: plane, Installation: installation,
		Apply: func(ctx context.Context, _ string, objects ...runtime.Object) error {
			for _, object := range objects {
				for i, rule := range rights(object) {
					if slices.Contains(rule.Resources, "validatingadmissionpolicies") {
						rights(object)[i].Verbs = []string{"list"}
					}
				}
			}
			return plane.Apply(ctx, objects...)
		},
	}, []string{
		"may not watch validatingadmissionpolicies.admissionregistration.k8s.io", "may not watch validatingadmissionpolicybindings.admissionregistration.k8s.io",
	}, "ClusterRole annex:capacity", installation.ServerAccess()...)
	log, err := os.ReadFile(plane.LogDir() + "/capacity.log")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(log), "The server lacks a right: it may not watch validatingadmissionpolicies.admissionregistration.k8s.io") {
		t.Error("the log does not name the right")
	}
}

// TestServerAsksForWhatItUses: with flags that switch off what it could do, the server is ready without the rights for it; those
// that delegation needs are those of whoever the flags name.
func TestServerAsksForWhatItUses(t *testing.T) {
	t.Parallel()
	plane := controlplanetest.Start(t, controlplane.Options{})
	kubeconfig := func(user string) string {
		config, err := plane.ConfigFor(user)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), user)
		if err := controlplane.WriteKubeconfig(name, config); err != nil {
			t.Fatal(err)
		}
		return name
	}
	binding := func(user string) *rbacv1.ClusterRoleBinding {
		return &rbacv1.ClusterRoleBinding{
			TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "ClusterRoleBinding"},
			ObjectMeta: metav1.ObjectMeta{Name: user},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "system:auth-delegator"},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
		}
	}
	configuration := &rbacv1.RoleBinding{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "RoleBinding"},
		ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceSystem, Name: "authenticator"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "extension-apiserver-authentication-reader"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "authenticator"}},
	}
	if err := plane.Apply(t.Context(), binding("authenticator"), configuration); err != nil {
		t.Fatal(err)
	}
	install(t, extension.Options{
		Plane: plane, Installation: deployment.Installation{Definition: definition.New()},
		Args: []string{
			"--authentication-kubeconfig=" + kubeconfig("authenticator"), "--authorization-kubeconfig=" + kubeconfig("authorizer"),
			"--disable-admission-plugins=SiteCheck,ResourceQuota,MutatingAdmissionPolicy,MutatingAdmissionWebhook,ValidatingAdmissionPolicy,ValidatingAdmissionWebhook",
			"--enable-priority-and-fairness=false",
		},
		Apply: func(ctx context.Context, step string, objects ...runtime.Object) error {
			if step != extension.GrantServerAccess {
				return plane.Apply(ctx, objects...)
			}
			// All that the server itself uses is namespaces.
			for _, object := range objects[:2] {
				if role, ok := object.(*rbacv1.ClusterRole); ok {
					role.Rules = slices.DeleteFunc(role.Rules, func(r rbacv1.PolicyRule) bool { return !slices.Contains(r.Resources, "namespaces") })
				}
			}
			return plane.Apply(ctx, objects[:2]...)
		},
	}, []string{"may not create subjectaccessreviews.authorization.k8s.io"}, "for the identity in --authorization-kubeconfig", binding("authorizer"))
}

// install starts a server that lacks rights, waits until it names these and no others, and says where they are to be added, and is
// ready once they have been.
func install(t *testing.T, options extension.Options, lacks []string, where string, added ...runtime.Object) {
	t.Helper()
	server := extensiontest.New(t, options)
	// The details are for administrators.
	admin, err := options.Plane.ConfigFor("admin", "system:masters")
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan error, 1)
	go func() {
		for _, step := range server.Steps() {
			if err := step.Run(t.Context()); err != nil {
				started <- fmt.Errorf("%s: %w", step.Name, err)
				return
			}
		}
		started <- nil
	}()
	// The step that starts the server waits until it is ready.
	var answer string
	err = wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		select {
		case err := <-started:
			return false, fmt.Errorf("the server is installed without a right that it needs (error: %v)", err)
		default:
		}
		if server.Server() == nil {
			return false, nil
		}
		direct := server.Direct()
		direct.CertData, direct.KeyData = admin.CertData, admin.KeyData
		client, err := kubernetes.NewForConfig(direct)
		if err != nil {
			return false, err
		}
		body, _ := client.RESTClient().Get().AbsPath("/readyz/access").DoRaw(ctx) // Its status is no success.
		answer = string(body)
		return strings.Contains(answer, lacks[0]), nil
	})
	if err != nil {
		t.Fatalf("%v; /readyz/access: %q", err, answer)
	}
	if !strings.Contains(answer, where) {
		t.Errorf("/readyz/access does not say where to add the rule: %q", answer)
	}
	for _, lack := range lacks {
		if !strings.Contains(answer, lack) {
			t.Errorf("/readyz/access does not say %q: %q", lack, answer)
		}
	}
	if n := strings.Count(answer, "may not"); n != len(lacks) {
		t.Errorf("%d rights are named, want %d: %q", n, len(lacks), answer)
	}
	if err := options.Plane.Apply(t.Context(), added...); err != nil {
		t.Fatal(err)
	}
	if err := <-started; err != nil {
		t.Errorf("after the rule was added: %v", err)
	}
}
