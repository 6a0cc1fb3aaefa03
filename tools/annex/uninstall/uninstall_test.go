package uninstall_test

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"

	"example.com/annex/tools/annex/uninstall"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/controlplanetest"
)

// What the server serves does not matter to the order: here there is no server at all, as after somebody else's attempt.
func TestRun(t *testing.T) {
	t.Parallel()
	plane := controlplanetest.Start(t, controlplane.Options{})
	client, err := kubernetes.NewForConfig(plane.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	services, err := aggregator.NewForConfig(plane.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string]string{"app.kubernetes.io/name": "broken", "app.kubernetes.io/part-of": "annex"}
	ctx := t.Context()
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "here"}}, metav1.CreateOptions{}))
	must(client.CoreV1().Services("here").Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "broken", Labels: labels},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 443}}},
	}, metav1.CreateOptions{}))
	must(client.CoreV1().ConfigMaps("here").Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "another"}}, metav1.CreateOptions{}))
	must(client.CoreV1().PersistentVolumeClaims("here").Create(ctx, &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "data", Labels: labels},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}, metav1.CreateOptions{}))
	must(client.RbacV1().ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "annex:broken", Labels: labels}}, metav1.CreateOptions{}))
	must(services.ApiregistrationV1().APIServices().Create(ctx, &apiregistrationv1.APIService{
		ObjectMeta: metav1.ObjectMeta{Name: "v1.broken.example.com"}, // It has no labels.
		Spec: apiregistrationv1.APIServiceSpec{
			Group: "broken.example.com", Version: "v1", GroupPriorityMinimum: 1, VersionPriority: 1,
			Service: &apiregistrationv1.ServiceReference{Namespace: "here", Name: "broken"},
		},
	}, metav1.CreateOptions{}))

	var said strings.Builder
	options := uninstall.Options{Server: "broken", Namespace: "here", DryRun: true, Progress: &said}
	if err := uninstall.Run(ctx, plane.RESTConfig(), options); err != nil {
		t.Fatal(err)
	}
	order := []string{"apiservices.apiregistration.k8s.io/v1.broken.example.com", "services/broken in here", "clusterroles.rbac.authorization.k8s.io/annex:broken"}
	if got, want := lines(said.String()), prefixed("would delete ", order); !slices.Equal(got, want) {
		t.Errorf("--dry-run said %q, want %q", got, want)
	}
	must(client.CoreV1().Services("here").Get(ctx, "broken", metav1.GetOptions{}))

	said.Reset()
	options.DryRun = false
	if err := uninstall.Run(ctx, plane.RESTConfig(), options); err != nil {
		t.Fatal(err)
	}
	want := prefixed("deleted ", order)
	want = slices.Insert(want, 1, "kube-apiserver has forgotten the API")
	if got := lines(said.String()); !slices.Equal(got, want) {
		t.Errorf("said %q, want %q", got, want)
	}
	for what, err := range map[string]error{
		"Service":     second(client.CoreV1().Services("here").Get(ctx, "broken", metav1.GetOptions{})),
		"ClusterRole": second(client.RbacV1().ClusterRoles().Get(ctx, "annex:broken", metav1.GetOptions{})),
		"APIService":  second(services.ApiregistrationV1().APIServices().Get(ctx, "v1.broken.example.com", metav1.GetOptions{})),
	} {
		if !apierrors.IsNotFound(err) {
			t.Errorf("%s: %v, want not found", what, err)
		}
	}
	must(client.CoreV1().PersistentVolumeClaims("here").Get(ctx, "data", metav1.GetOptions{}))
	must(client.CoreV1().ConfigMaps("here").Get(ctx, "another", metav1.GetOptions{}))

	if err := uninstall.Run(ctx, plane.RESTConfig(), options); err == nil || !strings.Contains(err.Error(), "--namespace") {
		t.Errorf("with nothing left: %v, want an error that asks for --namespace", err)
	}
}

func TestDeleteObjects(t *testing.T) {
	t.Parallel()
	plane := controlplanetest.Start(t, controlplane.Options{})
	services, err := aggregator.NewForConfig(plane.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	client, err := dynamic.NewForConfig(plane.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	// Its server answers nothing: then the objects can't be deleted, and nothing else may be.
	if _, err := services.ApiregistrationV1().APIServices().Create(t.Context(), &apiregistrationv1.APIService{
		ObjectMeta: metav1.ObjectMeta{Name: "v1.broken.example.com"},
		Spec: apiregistrationv1.APIServiceSpec{
			Group: "broken.example.com", Version: "v1", GroupPriorityMinimum: 1, VersionPriority: 1,
			Service: &apiregistrationv1.ServiceReference{Namespace: "default", Name: "broken"},
		},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	err = uninstall.Run(t.Context(), plane.RESTConfig(), uninstall.Options{Server: "broken", Namespace: "default", DeleteObjects: true, Progress: &said})
	if err == nil || !strings.Contains(err.Error(), "--delete-objects") {
		t.Errorf("got %v, want an error that says what --delete-objects needs", err)
	}
	apiServices := schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}
	if _, err := client.Resource(apiServices).Get(t.Context(), "v1.broken.example.com", metav1.GetOptions{}); err != nil {
		t.Errorf("the APIService: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func lines(said string) []string { return strings.Split(strings.TrimSpace(said), "\n") }

func prefixed(prefix string, names []string) []string {
	var all []string
	for _, name := range names {
		all = append(all, prefix+name)
	}
	return all
}
