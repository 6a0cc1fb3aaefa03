package apitest

import (
	"testing"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/sample-apiserver/pkg/apis/wardle/v1alpha1"
	"k8s.io/sample-apiserver/pkg/apis/wardle/v1beta1"
)

// TestHaveProtobuf: upstream's sample types have no protobuf methods.
func TestHaveProtobuf(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		install     []func(*runtime.Scheme) error
		want, wrong bool
	}{
		"all":     {install: []func(*runtime.Scheme) error{autoscalingv1.AddToScheme}, want: true},
		"none":    {install: []func(*runtime.Scheme) error{v1alpha1.AddToScheme, v1beta1.AddToScheme}},
		"some":    {install: []func(*runtime.Scheme) error{autoscalingv1.AddToScheme, v1beta1.AddToScheme}, wrong: true},
		"nothing": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scheme := runtime.NewScheme()
			for _, install := range tc.install {
				if err := install(scheme); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := haveProtobuf(scheme); got != tc.want || (err != nil) != tc.wrong {
				t.Errorf("got %t, %v, want %t", got, err, tc.want)
			}
		})
	}
}
