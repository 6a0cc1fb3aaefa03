package embedded_test

import (
	"context"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/sample-apiserver/pkg/apis/wardle/v1alpha1"
	clientset "k8s.io/sample-apiserver/pkg/generated/clientset/versioned"

	"example.com/annex/shared/apiservertest"
)

// TestTimes writes an object with a time that can't be read again. Were it stored, every list of its kind would fail.
func TestTimes(t *testing.T) {
	t.Parallel()
	client, err := clientset.NewForConfig(apiservertest.Start(t, wardleDefinition(), cluster).Config)
	if err != nil {
		t.Fatal(err)
	}
	flunders := client.WardleV1alpha1().Flunders("default")
	late := time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("west", -12*60*60))
	fields := []metav1.ManagedFieldsEntry{{
		Manager: "clock", Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: v1alpha1.SchemeGroupVersion.String(),
		Time: &metav1.Time{Time: late}, FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:labels":{"f:a":{}}}}`),
	}}
	for name, write := range map[string]func(context.Context, *v1alpha1.Flunder) error{
		"create": func(ctx context.Context, f *v1alpha1.Flunder) error {
			_, err := flunders.Create(ctx, f, metav1.CreateOptions{})
			return err
		},
		"update": func(ctx context.Context, f *v1alpha1.Flunder) error {
			sent := f.DeepCopy()
			sent.ManagedFields = nil
			if _, err := flunders.Create(ctx, sent, metav1.CreateOptions{}); err != nil {
				return err
			}
			_, err := flunders.Update(ctx, f, metav1.UpdateOptions{})
			return err
		},
	} {
		f := &v1alpha1.Flunder{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"a": "b"}, ManagedFields: fields}}
		if err := write(t.Context(), f); !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "metadata.managedFields[0].time") {
			t.Errorf("%s: got %v, want a refusal of metadata.managedFields[0].time", name, err)
		}
		if _, err := flunders.List(t.Context(), metav1.ListOptions{}); err != nil {
			t.Errorf("after %s, nothing can be listed: %v", name, err)
		}
	}
}
