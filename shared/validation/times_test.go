package validation_test

import (
	"encoding/json"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/annex/shared/validation"
)

func TestValidateTimes(t *testing.T) {
	t.Parallel()
	for text, valid := range map[string]bool{
		"2026-01-02T03:04:05Z":      true,
		"9999-12-31T23:59:59Z":      true,
		"0000-01-01T00:00:00Z":      true,
		"9999-12-31T23:59:59-12:00": false,
		"0000-01-01T00:00:00+12:00": false,
	} {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		stored, err := json.Marshal(metav1.NewTime(at))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(stored, &metav1.Time{}); (err == nil) != valid {
			t.Errorf("%s is stored as %s, and read: %v; valid: %t", text, stored, err, valid)
		}
		object := &appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{ManagedFields: []metav1.ManagedFieldsEntry{{}, {Time: &metav1.Time{Time: at}, FieldsV1: &metav1.FieldsV1{}}}},
			Status:     appsv1.DeploymentStatus{Conditions: []appsv1.DeploymentCondition{{LastUpdateTime: metav1.NewTime(at)}}},
		}
		var fields []string
		for _, err := range validation.ValidateTimes(object) {
			fields = append(fields, err.Field)
		}
		want := 0
		if !valid {
			want = 2
		}
		if len(fields) != want || want > 0 && (fields[0] != "metadata.managedFields[1].time" || fields[1] != "status.conditions[0].lastUpdateTime") {
			t.Errorf("%s: errors at %q, want %d", text, fields, want)
		}
	}
}
