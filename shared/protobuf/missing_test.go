package protobuf_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/sample-apiserver/pkg/apis/wardle/v1beta1"

	"example.com/annex/shared/protobuf"
)

// unmarked has no methods but those of what it embeds.
type unmarked struct {
	metav1.TypeMeta
	Answer string
}

func (u *unmarked) DeepCopyObject() runtime.Object { return &unmarked{u.TypeMeta, u.Answer} }

func TestMissing(t *testing.T) {
	t.Parallel()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, v1beta1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	partly := schema.GroupVersion{Group: "partly.example.com", Version: "v1"}
	scheme.AddKnownTypeWithName(partly.WithKind("Unmarked"), &unmarked{})
	scheme.AddKnownTypeWithName(partly.WithKind("Whole"), &corev1.Pod{})
	for gv, want := range map[schema.GroupVersion][]string{
		corev1.SchemeGroupVersion:         nil,
		v1beta1.SchemeGroupVersion:        {"Flunder", "FlunderList"},
		partly:                            {"Unmarked"},
		{Group: "unknown", Version: "v1"}: nil,
	} {
		if diff := cmp.Diff(want, protobuf.Missing(scheme, gv)); diff != "" {
			t.Errorf("missing in %s (-want +got):\n%s", gv, diff)
		}
	}
}
