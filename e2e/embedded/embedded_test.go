// Package embedded_test runs Definitions inside the test's process, against a real control plane.
package embedded_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/sample-apiserver/pkg/apis/wardle"
	"k8s.io/sample-apiserver/pkg/apis/wardle/install"
	"k8s.io/sample-apiserver/pkg/apis/wardle/v1alpha1"
	"k8s.io/sample-apiserver/pkg/apis/wardle/validation"
	clientset "k8s.io/sample-apiserver/pkg/generated/clientset/versioned"
	"k8s.io/sample-apiserver/pkg/generated/openapi"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/apiservertest"
	"example.com/annex/shared/registry"
	"example.com/annex/tools/controlplane"
)

var cluster apiservertest.Cluster

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	flag.Parse()
	if testing.Short() {
		fmt.Println("skipped: these tests start a control plane, and -short is set")
		return 0
	}
	ctx := context.Background()
	cp, err := controlplane.Start(ctx, controlplane.Options{LogDir: os.Getenv("TEST_UNDECLARED_OUTPUTS_DIR")})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	cluster = apiservertest.Cluster{Kubeconfig: cp.Kubeconfig(), StorageFlags: cp.EtcdFlags(), Flags: cp.VersionFlags()}
	code := m.Run()
	if err := cp.Stop(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// wardleDefinition is upstream's sample server as a Definition.
func wardleDefinition() apiserver.Definition {
	return apiserver.Definition{
		Name:    "wardle",
		Install: func(scheme *runtime.Scheme) error { install.Install(scheme); return nil },
		OpenAPI: openapi.GetOpenAPIDefinitions,
		Groups: []apiserver.Group{{
			Name:     wardle.GroupName,
			Versions: []string{"v1beta1", "v1alpha1"},
			Resources: []registry.Resource{registry.Standard[*wardle.Flunder, wardle.FlunderSpec, wardle.FlunderStatus]{
				Plural:   "flunders",
				Singular: "flunder",
				New:      func() *wardle.Flunder { return &wardle.Flunder{} },
				NewList:  func() runtime.Object { return &wardle.FlunderList{} },
				Strategy: registry.Strategy[*wardle.Flunder, wardle.FlunderSpec, wardle.FlunderStatus]{
					Spec:   func(f *wardle.Flunder) *wardle.FlunderSpec { return &f.Spec },
					Status: func(f *wardle.Flunder) *wardle.FlunderStatus { return &f.Status },
					Validate: func(_ context.Context, f *wardle.Flunder) field.ErrorList {
						return validation.ValidateFlunder(f)
					},
				},
			}},
		}},
	}
}

// TestUpstreamSample serves upstream's own sample types: its generated client and its validation work unchanged, in both
// versions, and several servers run side by side in one process without seeing each other's objects.
func TestUpstreamSample(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"one", "another"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			client, err := clientset.NewForConfig(apiservertest.Start(t, wardleDefinition(), cluster).Config)
			if err != nil {
				t.Fatal(err)
			}
			alpha, beta := client.WardleV1alpha1().Flunders("default"), client.WardleV1beta1().Flunders("default")
			flunder := &v1alpha1.Flunder{ObjectMeta: metav1.ObjectMeta{Name: "sample"}}
			flunder.Spec.Reference = "fischer"
			reference := v1alpha1.FischerReferenceType
			flunder.Spec.ReferenceType = &reference
			created, err := alpha.Create(ctx, flunder, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if created.Generation != 1 {
				t.Errorf("generation of a new object: %d, want 1", created.Generation)
			}
			read, err := beta.Get(ctx, "sample", metav1.GetOptions{})
			if err != nil || read.Spec.FischerReference != "fischer" {
				t.Errorf("in the other version: %+v, %v; want fischerReference fischer", read.Spec, err)
			}
			if list, err := beta.List(ctx, metav1.ListOptions{}); err != nil || len(list.Items) != 1 {
				t.Errorf("listed %d objects, %v; want 1: the other server's must not be here", len(list.Items), err)
			}
			if _, err := client.WardleV1alpha1().Fischers().List(ctx, metav1.ListOptions{}); !apierrors.IsNotFound(err) {
				t.Errorf("a resource that is not in the Definition: %v, want not found", err)
			}
		})
	}
}
