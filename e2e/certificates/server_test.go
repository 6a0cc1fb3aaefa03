package certificates_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"
	"k8s.io/utils/ptr"

	"example.com/annex/e2e/load"
	capacityv1 "example.com/annex/servers/capacity/apis/capacity/v1"
	"example.com/annex/servers/capacity/definition"
	"example.com/annex/servers/client/clientset/versioned"
	"example.com/annex/shared/certs"
	"example.com/annex/shared/deployment"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/controlplanetest"
	"example.com/annex/tools/controlplane/extension"
	"example.com/annex/tools/controlplane/extension/extensiontest"
)

// capacity is a server that makes its own certificates, in a control plane of its own.
func capacity(t *testing.T, args ...string) (*rest.Config, *extension.Extension) {
	t.Helper()
	plane := controlplanetest.Start(t, controlplane.Options{})
	server := extensiontest.New(t, extension.Options{
		Plane:            plane,
		Installation:     deployment.Installation{Definition: definition.New()},
		SelfCertificates: true,
		// There is no topology here, and sites are not the subject.
		Args: append(args, "--disable-admission-plugins=SiteCheck"),
	})
	if err := server.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	return plane.RESTConfig(), server
}

// Sixty seconds of a hundred requests a second through the aggregator, while authorities and certificates come and go.
func TestNoRequestFailsWhileCertificatesRotate(t *testing.T) {
	const duration, rotations = time.Minute, 10
	config, server := capacity(t, "--ca-validity=8s", "--serving-certificate-validity=4s", "--ca-propagation=1300ms")
	config.QPS = -1
	client, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	services, err := aggregator.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), duration)
	defer cancel()

	authorities := make(chan int)
	go func() {
		seen := map[string]bool{}
		_ = wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
			object, err := services.ApiregistrationV1().APIServices().Get(ctx, server.APIServices()[0], metav1.GetOptions{})
			if err == nil {
				signer, _, _ := strings.Cut(string(object.Spec.CABundle), "-----END")
				seen[signer] = true
			}
			return false, nil
		})
		authorities <- len(seen)
	}()
	reservations := client.CapacityV1().Reservations("default")
	outcome := load.Load{PerSecond: 100, Workers: 50, Request: func(ctx context.Context, n int) error {
		name := fmt.Sprintf("load-%d", n/4)
		switch n % 4 {
		case 0:
			_, err := reservations.Create(ctx, &capacityv1.Reservation{
				ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: capacityv1.ReservationSpec{SiteName: "ams-1", Slots: 1},
			}, metav1.CreateOptions{})
			return err
		case 1:
			_, err := reservations.List(ctx, metav1.ListOptions{Limit: 10})
			return err
		}
		_, err := reservations.Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil // It is being created by another worker.
		}
		return err
	}}.Run(ctx)
	changes := <-authorities - 1
	t.Logf("%s; %d changes of the authority", outcome, changes)
	for _, failure := range outcome.Failures[:min(len(outcome.Failures), 10)] {
		t.Errorf("request %d: %v", failure.Request, failure.Err)
	}
	if changes < rotations {
		t.Errorf("the authority changed %d times, want %d: the load proves nothing", changes, rotations)
	}
	if want := int(duration.Seconds()) * 95; outcome.Requests < want {
		t.Errorf("%d requests were made, want at least %d", outcome.Requests, want)
	}
}

// Somebody applies a manifest with another caBundle again and again, under load. Requests can't pass while it is wrong; they do
// so again within repairTime, and all others pass.
func TestServerRepairsItsAPIServices(t *testing.T) {
	const resets, between, slack = 5, 2 * time.Second, 500 * time.Millisecond
	config, server := capacity(t)
	services, err := aggregator.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	client, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	other, err := certs.NewAuthority("other", certs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	patch, err := json.Marshal(map[string]any{
		"apiVersion": apiregistrationv1.SchemeGroupVersion.String(), "kind": "APIService",
		"spec": map[string]any{"caBundle": other.CertificatePEM()},
	})
	if err != nil {
		t.Fatal(err)
	}
	reservations := client.CapacityV1().Reservations("default")
	list := func(ctx context.Context, _ int) error {
		_, err := reservations.List(ctx, metav1.ListOptions{Limit: 10})
		return err
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	result := make(chan load.Outcome, 1)
	go func() { result <- load.Load{PerSecond: 100, Workers: 50, Request: list}.Run(ctx) }()
	// wrong are the times in which caBundle was another, with a little before, for what was under way, and after.
	type span struct{ from, to time.Time }
	var wrong []span
	for range resets {
		select {
		case <-time.After(between):
		case <-t.Context().Done():
		}
		began := time.Now()
		for _, name := range server.APIServices() {
			if _, err := services.ApiregistrationV1().APIServices().Patch(t.Context(), name, types.ApplyPatchType, patch, metav1.PatchOptions{FieldManager: "somebody", Force: ptr.To(true)}); err != nil {
				t.Fatal(err)
			}
		}
		err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
			for _, name := range server.APIServices() {
				object, err := services.ApiregistrationV1().APIServices().Get(ctx, name, metav1.GetOptions{})
				if err != nil || bytes.Equal(object.Spec.CABundle, other.CertificatePEM()) {
					return false, err
				}
			}
			return list(ctx, 0) == nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		took := time.Since(began)
		t.Logf("repaired, and requests pass again, after %s", took)
		if took > repairTime {
			t.Errorf("repaired after %s, want at most %s", took, repairTime)
		}
		wrong = append(wrong, span{began.Add(-slack), time.Now().Add(slack)})
	}
	select {
	case <-time.After(between):
	case <-t.Context().Done():
	}
	cancel()
	outcome := <-result
	t.Logf("%s", outcome)
	for _, failure := range outcome.Failures {
		if !slices.ContainsFunc(wrong, func(s span) bool { return failure.At.After(s.from) && failure.At.Before(s.to) }) {
			t.Errorf("request %d failed, and caBundle was right: %v", failure.Request, failure.Err)
		}
	}
	if outcome.Requests < int(outcome.Took.Seconds()*95) {
		t.Errorf("%s: that is no load of 100 a second", outcome)
	}
}
