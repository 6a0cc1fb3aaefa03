package certificates_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"

	"example.com/annex/shared/certs"
	"example.com/annex/shared/certs/rotation"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/controlplanetest"
)

const (
	namespace  = "servers"
	service    = "ships"
	secretName = "ships-certificates"
	apiService = "v1.ships.example.com"
)

// cluster is a control plane with a namespace for servers in it, and the empty Secret of one.
type cluster struct {
	plane      *controlplane.ControlPlane
	config     *rest.Config
	kubernetes kubernetes.Interface
	aggregator aggregator.Interface
}

func start(t *testing.T) *cluster {
	t.Helper()
	plane := controlplanetest.Start(t, controlplane.Options{})
	c := &cluster{plane: plane, config: plane.RESTConfig()}
	var err error
	if c.kubernetes, err = kubernetes.NewForConfig(c.config); err != nil {
		t.Fatal(err)
	}
	if c.aggregator, err = aggregator.NewForConfig(c.config); err != nil {
		t.Fatal(err)
	}
	_, err = c.kubernetes.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.applySecret(t, secretName)
	return c
}

// applySecret applies a server's Secret as manifests have it.
func (c *cluster) applySecret(t *testing.T, name string) {
	t.Helper()
	if err := c.plane.Apply(t.Context(), rotation.EmptySecret(metav1.ObjectMeta{Namespace: namespace, Name: name})); err != nil {
		t.Fatal(err)
	}
}

// register creates the APIService, as a manifest without caBundle has it.
func (c *cluster) register(t *testing.T) {
	t.Helper()
	_, err := c.aggregator.ApiregistrationV1().APIServices().Create(t.Context(), &apiregistrationv1.APIService{
		ObjectMeta: metav1.ObjectMeta{Name: apiService},
		Spec: apiregistrationv1.APIServiceSpec{
			Group: "ships.example.com", Version: "v1", GroupPriorityMinimum: 1000, VersionPriority: 10,
			Service: &apiregistrationv1.ServiceReference{Namespace: namespace, Name: service},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func (c *cluster) apiService(ctx context.Context) (*apiregistrationv1.APIService, error) {
	return c.aggregator.ApiregistrationV1().APIServices().Get(ctx, apiService, metav1.GetOptions{})
}

// replicaOptions are those of a replica, less what a test wants otherwise.
func replicaOptions(configure ...func(*rotation.Options)) rotation.Options {
	options := rotation.Options{
		Namespace: namespace, Secret: secretName, Authority: service, Names: certs.ServiceNames(service, namespace, ""),
		Service: service, APIServices: []string{apiService},
	}
	for _, set := range configure {
		set(&options)
	}
	return options
}

// replica runs one more replica for the test.
func (c *cluster) replica(t *testing.T, configure ...func(*rotation.Options)) *rotation.Controller {
	t.Helper()
	controller, err := rotation.New(c.config, replicaOptions(configure...))
	if err != nil {
		t.Fatal(err)
	}
	if err := controller.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { controller.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return controller
}

// verify checks what a replica serves as kube-apiserver would.
func verify(controller *rotation.Controller, bundle []byte) error {
	certificate, key := controller.Content().CurrentCertKeyContent()
	pair, err := (&certs.Pair{CertificatePEM: certificate, KeyPEM: key}).TLS()
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		return errors.New("the bundle has no certificate")
	}
	_, err = pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: service + "." + namespace + ".svc"})
	return err
}

// placed waits until the APIService verifies what all replicas serve, and returns it and how long that took.
func (c *cluster) placed(t *testing.T, controllers ...*rotation.Controller) (*apiregistrationv1.APIService, time.Duration) {
	t.Helper()
	began := time.Now()
	var found *apiregistrationv1.APIService
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		var err error
		if found, err = c.apiService(ctx); err != nil {
			return false, err
		}
		if found.Spec.InsecureSkipTLSVerify {
			last = errors.New("insecureSkipTLSVerify is set")
			return false, nil
		}
		for i, controller := range controllers {
			if last = verify(controller, found.Spec.CABundle); last != nil {
				last = fmt.Errorf("replica %d: %w", i, last)
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		t.Fatalf("waiting for caBundle: %v: %v", err, last)
	}
	return found, time.Since(began)
}

func (c *cluster) secret(t *testing.T) *corev1.Secret {
	t.Helper()
	secret, err := c.kubernetes.CoreV1().Secrets(namespace).Get(t.Context(), secretName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// distinct are the certificates that the replicas serve.
func distinct(controllers []*rotation.Controller) int {
	var served []string
	for _, controller := range controllers {
		certificate, _ := controller.Content().CurrentCertKeyContent()
		served = append(served, string(certificate))
	}
	slices.Sort(served)
	return len(slices.Compact(served))
}
