package apitest_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/sample-apiserver/pkg/apis/wardle"
	wardlefuzzer "k8s.io/sample-apiserver/pkg/apis/wardle/fuzzer"
	"k8s.io/sample-apiserver/pkg/apis/wardle/v1alpha1"
	"k8s.io/sample-apiserver/pkg/apis/wardle/v1beta1"

	"example.com/annex/shared/apitest"
)

// install adds the types of upstream's sample server.
func install(scheme *runtime.Scheme) error {
	for _, add := range []func(*runtime.Scheme) error{wardle.AddToScheme, v1alpha1.AddToScheme, v1beta1.AddToScheme} {
		if err := add(scheme); err != nil {
			return err
		}
	}
	return nil
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	apitest.RoundTrip(t, apitest.Scheme(t, install), wardlefuzzer.Funcs)
}

func TestCompatibility(t *testing.T) {
	t.Parallel()
	apitest.Compatibility(t, apitest.Scheme(t, install), wardle.GroupName)
}

// v1alpha1 has one reference where v1beta1 and the internal type have two.
func TestConvert(t *testing.T) {
	t.Parallel()
	reference := v1alpha1.FlunderReferenceType
	apitest.Convert(t, apitest.Scheme(t, install),
		&v1alpha1.Flunder{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Spec: v1alpha1.FlunderSpec{Reference: "b", ReferenceType: &reference}},
		&wardle.Flunder{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Spec: wardle.FlunderSpec{FlunderReference: "b", ReferenceType: wardle.FlunderReferenceType}})
}
