package runner

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"example.com/annex/e2e/step"
)

// A namespace can't be made to be a day old on a real cluster.
func TestSweepStale(t *testing.T) {
	t.Parallel()
	namespace := func(name string, age time.Duration, labels map[string]string) *corev1.Namespace {
		return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels, CreationTimestamp: metav1.NewTime(time.Now().Add(-age))}}
	}
	ours := map[string]string{step.RunLabel: "r"}
	client := fake.NewClientset(
		namespace("left", StaleAfter+time.Minute, ours), namespace("in-use", StaleAfter-time.Minute, ours), namespace("another", 2*StaleAfter, nil),
	)
	if err := SweepStale(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	list, err := client.CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, item := range list.Items {
		names = append(names, item.Name)
	}
	if len(names) != 2 || names[0] != "another" || names[1] != "in-use" {
		t.Errorf("there are %v, want another and in-use", names)
	}
}
