package resilience

import (
	"context"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/framework"
	"example.com/annex/e2e/step"
	"example.com/annex/shared/certs"
)

// Available checks that an APIService of the server is available because
// kube-apiserver has reached the server, and has verified who it is.
func Available(server string, gv schema.GroupVersion) *features.FeatureBuilder {
	var s step.Session
	var service *apiregistration.APIService
	name := nameOf(gv)
	return features.New("APIService "+name).
		Setup(s.Open).
		Assess("is available for the right reason", step.Do(func(ctx context.Context, t *testing.T) {
			awaitCondition(ctx, t, &s, name, apiregistration.ConditionTrue, "Passed")
		})).
		Assess("verifies the server", step.Do(func(ctx context.Context, t *testing.T) {
			var err error
			service, err = s.Aggregator.ApiregistrationV1().APIServices().Get(ctx, name, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if service.Spec.InsecureSkipTLSVerify {
				t.Error("insecureSkipTLSVerify is set")
			}
			if len(service.Spec.CABundle) == 0 {
				t.Error("caBundle is empty")
			}
			if service.Spec.Service == nil {
				t.Fatal("it names no service: kube-apiserver would have to serve the group itself")
			}
		})).
		Assess("is not available where the CA is another", step.Do(func(ctx context.Context, t *testing.T) {
			// While an APIService is unavailable no namespace of the cluster can
			// be deleted, and a run that is killed leaves this one behind.
			framework.Need[framework.Disposable](ctx, t, server)
			// Before, kube-apiserver looked at a certificate only when it forwarded a request
			// (k8s.io/kube-aggregator/pkg/controllers/status/remote).
			s.Since(ctx, t, "1.36", "the check of certificates for availability")
			// Another group, at the same server.
			group := "untrusted." + gv.Group
			another, err := certs.NewAuthority("another", certs.Options{})
			if err != nil {
				t.Fatal(err)
			}
			stranger := &apiregistration.APIService{
				ObjectMeta: metav1.ObjectMeta{Name: "v1." + group},
				Spec: apiregistration.APIServiceSpec{
					Group: group, Version: "v1", GroupPriorityMinimum: 1, VersionPriority: 1,
					Service:  service.Spec.Service,
					CABundle: another.CertificatePEM(),
				},
			}
			if _, err := s.Aggregator.ApiregistrationV1().APIServices().Create(ctx, stranger, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				ctx, cancel := step.CleanupContext(ctx)
				defer cancel()
				if err := s.Aggregator.ApiregistrationV1().APIServices().Delete(ctx, stranger.Name, metav1.DeleteOptions{}); err != nil {
					t.Errorf("deleting APIService %s: %v", stranger.Name, err)
				}
			})
			condition := awaitCondition(ctx, t, &s, stranger.Name, apiregistration.ConditionFalse, "FailedDiscoveryCheck")
			if !strings.Contains(condition.Message, "x509: certificate signed by unknown authority") {
				t.Errorf("it is not the certificate that is to blame: %s", condition.Message)
			}
		}))
}
