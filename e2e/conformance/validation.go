package conformance

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Validation checks that what is not valid is refused by the name of the field, and fields that the server does not know in the
// way that the client asks for (KEP-2885).
func Validation(r Resource) Feature {
	tr := try(r, "Validation", r.Can("create"))
	if !tr.Feature.Claimed {
		tr.assessAbsence("", "create")
		return tr.Feature
	}
	tr.assess("what is not valid is not created", func(ctx context.Context, t *testing.T) {
		for _, invalid := range tr.Invalid {
			object := tr.sample(t, "invalid")
			invalid.Set(t, object)
			_, err := tr.objects().Create(ctx, object, metav1.CreateOptions{})
			expectInvalid(t, err, invalid.String())
		}
	})
	if r.Can("get", "update") {
		tr.assess("an object can't become invalid", func(ctx context.Context, t *testing.T) {
			object := tr.create(ctx, t, "valid")
			for _, invalid := range tr.Invalid {
				changed := object.DeepCopy()
				invalid.Set(t, changed)
				_, err := tr.objects().Update(ctx, changed, metav1.UpdateOptions{})
				expectInvalid(t, err, invalid.String())
			}
			if tr.Immutable != nil {
				changed := object.DeepCopy()
				tr.Immutable.Set(t, changed)
				_, err := tr.objects().Update(ctx, changed, metav1.UpdateOptions{})
				expectInvalid(t, err, tr.Immutable.String())
			}
			expectUnchanged(t, object, tr.get(ctx, t, "valid"))
		})
	}
	tr.fieldValidation()
	return tr.Feature
}
