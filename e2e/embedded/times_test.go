package embedded_test

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"

	"example.com/annex/shared/apiservertest"
)

// TestTimes writes a time that can't be read again to the status of an object. Were it stored, every list of the kind would fail.
func TestTimes(t *testing.T) {
	t.Parallel()
	s := servers()[0]
	server := apiservertest.Start(t, s.definition, cluster)
	client, err := discovery.NewDiscoveryClientForConfig(server.Config)
	if err != nil {
		t.Fatal(err)
	}
	create(t, client.RESTClient(), s.samples[0])
	const collection = "/apis/capacity.example.com/v1/namespaces/default/reservations"
	// Not with a typed client: it would send the time in UTC, which is refused at once.
	patch := `{"status":{"conditions":[{"type":"Bound","status":"False","reason":"Waiting","message":"","lastTransitionTime":"9999-12-31T23:59:59-12:00"}]}}`
	err = client.RESTClient().Patch(types.MergePatchType).AbsPath(collection + "/builds/status").Body([]byte(patch)).Do(t.Context()).Error()
	if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "status.conditions[0].lastTransitionTime") {
		t.Errorf("got %v, want a refusal of status.conditions[0].lastTransitionTime", err)
	}
	if err := client.RESTClient().Get().AbsPath(collection).Do(t.Context()).Error(); err != nil {
		t.Errorf("afterwards nothing can be listed: %v", err)
	}
}
