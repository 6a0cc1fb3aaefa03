package capacity_test

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/framework"
	"example.com/annex/e2e/step"
)

// passedOn compares what kube-apiserver answers with what the server does, to the same administrator: kube-apiserver knows nothing
// of our types, and must not touch a byte of them.
func passedOn() *features.FeatureBuilder {
	tr := &trial{}
	return features.New("answers of reservations through kube-apiserver").
		Setup(tr.Open).
		Assess("are the server's, byte for byte", step.Do(func(ctx context.Context, t *testing.T) {
			exposed := framework.Need[framework.Exposed](ctx, t, "capacity")
			pair, err := exposed.ClientCA().IssueClient("admin", "system:masters")
			if err != nil {
				t.Fatal(err)
			}
			direct := exposed.Direct()
			direct.CertData, direct.KeyData = pair.CertificatePEM, pair.KeyPEM
			object := tr.create(ctx, t, "passed")
			path := "/apis/capacity.example.com/v1/namespaces/" + tr.Namespace + "/reservations/" + object.GetName()
			for _, accept := range []string{"application/json", "application/yaml", "application/vnd.kubernetes.protobuf"} {
				want, got := receive(ctx, t, direct, path, accept), receive(ctx, t, tr.Config, path, accept)
				if want.Status != http.StatusOK {
					t.Errorf("Accept: %s: the server answers with status %d", accept, want.Status)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("Accept: %s (-server +through kube-apiserver):\n%s", accept, diff)
				}
			}
		}))
}

// received is what must be the same on both ways.
type received struct {
	Status      int
	ContentType string
	Body        []byte
}

func receive(ctx context.Context, t *testing.T, from *rest.Config, path, accept string) received {
	t.Helper()
	client, err := rest.HTTPClientFor(from)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from.Host+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", accept)
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("reading the answer of %s: %v", from.Host, err)
	}
	return received{response.StatusCode, response.Header.Get("Content-Type"), body}
}

func TestPassedOn(t *testing.T) { t.Parallel(); testenv.Test(t, passedOn()) }
