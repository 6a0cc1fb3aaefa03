package resilience

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"example.com/annex/e2e/step"
	"example.com/annex/tools/controlplane/extension"
)

// conditionTimeout is twice the time after which kube-apiserver looks at an
// APIService again by itself (30 seconds: k8s.io/kube-aggregator/pkg/controllers/status/remote).
const conditionTimeout = time.Minute

// nameOf is the name that an APIService must have.
func nameOf(gv schema.GroupVersion) string { return gv.Version + "." + gv.Group }

// awaitCondition waits until the APIService's condition Available has the status
// and the reason.
func awaitCondition(ctx context.Context, t *testing.T, s *step.Session, name string, status apiregistration.ConditionStatus, reason string) apiregistration.APIServiceCondition {
	t.Helper()
	var found apiregistration.APIServiceCondition
	step.Eventually(ctx, t, conditionTimeout, fmt.Sprintf("APIService %s: Available=%s, %s", name, status, reason), func(ctx context.Context) error {
		condition, err := extension.Condition(ctx, s.Aggregator, name)
		if err != nil {
			return err
		}
		if condition.Status != status || condition.Reason != reason {
			return fmt.Errorf("it is %s, %s: %s", condition.Status, condition.Reason, condition.Message)
		}
		found = condition
		return nil
	})
	return found
}

// AwaitAvailable waits until kube-apiserver has noticed that the server of a
// group version is back, and shows its documents again.
func AwaitAvailable(ctx context.Context, t *testing.T, s *step.Session, gv schema.GroupVersion) {
	t.Helper()
	probe(ctx, t, s, nameOf(gv))
	awaitCondition(ctx, t, s, nameOf(gv), apiregistration.ConditionTrue, "Passed")
	// Features use kubectl, which goes by discovery.
	step.Eventually(ctx, t, conditionTimeout, "discovery and OpenAPI", func(ctx context.Context) error {
		return extension.Published(ctx, s.Kubernetes.Discovery().RESTClient(), gv)
	})
}

// probe makes kube-apiserver look at the APIService now rather than within half
// a minute: it does so whenever the object changes.
func probe(ctx context.Context, t *testing.T, s *step.Session, name string) {
	t.Helper()
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]any{
		"example.com/e2e-probed": time.Now().Format(time.RFC3339Nano),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Aggregator.ApiregistrationV1().APIServices().Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatalf("annotating APIService %s: %v", name, err)
	}
}
