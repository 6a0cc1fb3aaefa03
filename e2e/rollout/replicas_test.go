package rollout_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	discoveryclient "k8s.io/client-go/kubernetes/typed/discovery/v1"
	"k8s.io/utils/ptr"

	"example.com/annex/e2e/step"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/extension"
	"example.com/annex/tools/controlplane/port"
	"example.com/annex/tools/controlplane/process"
)

const (
	// readyTimeout is how long a replica may take to be ready on a busy machine.
	readyTimeout = time.Minute
	// grace is terminationGracePeriodSeconds: longer than a replica may take to end.
	grace = 30 * time.Second
)

// replicas are the pods of a server, and their EndpointSlices, which follow them as the kubelet and the controllers of
// kube-controller-manager would have it. All have one address, so that each has a slice of its own: one slice has one port.
type replicas struct {
	plane  *controlplane.ControlPlane
	server *extension.Extension
	client kubernetes.Interface
	made   int
}

// replica is one pod.
type replica struct {
	*process.Process
	port  *port.Reservation
	slice *discoveryv1.EndpointSlice // nil before it was published
}

// command is that of one more replica.
func (r *replicas) command(t *testing.T) (process.Command, *port.Reservation) {
	t.Helper()
	reservation, err := port.Reserve(r.plane.BindAddress())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := reservation.Release(); err != nil {
			t.Error(err)
		}
	})
	r.made++
	command, err := r.server.Replica(t.Context(), fmt.Sprintf("%s-%d", r.server.Name(), r.made), reservation)
	if err != nil {
		t.Fatal(err)
	}
	command.Grace = grace
	return command, reservation
}

// start starts so many replicas at once, and waits until they are ready.
func (r *replicas) start(t *testing.T, count int) []*replica {
	t.Helper()
	commands, started := make([]process.Command, count), make([]*replica, count)
	for i := range started {
		started[i] = &replica{}
		commands[i], started[i].port = r.command(t)
	}
	for i, command := range commands {
		p, err := process.Start(t.Context(), command)
		if err != nil {
			t.Fatal(err)
		}
		started[i].Process = p
		t.Cleanup(func() {
			if err := p.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), readyTimeout)
	defer cancel()
	for _, replica := range started {
		if err := replica.WaitReady(ctx); err != nil {
			t.Fatal(err)
		}
	}
	return started
}

// service makes the Service, without any endpoint.
func (r *replicas) service(t *testing.T) {
	t.Helper()
	objects, _ := r.plane.RouteObjects(r.server.Namespace(), r.server.Name(), 1) // A port of the slice, which is not made here.
	for _, object := range objects {
		if _, ok := object.(*corev1.Service); ok {
			if err := r.plane.Apply(t.Context(), object); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("the route has no Service")
}

// publish leads requests to a replica that has become ready.
func (r *replicas) publish(t *testing.T, replica *replica) {
	t.Helper()
	objects, _ := r.plane.RouteObjects(r.server.Namespace(), r.server.Name(), replica.port.Number())
	for _, object := range objects {
		slice, ok := object.(*discoveryv1.EndpointSlice)
		if !ok {
			continue
		}
		slice.Name = replica.Name()
		var err error
		if replica.slice, err = r.slices().Create(t.Context(), slice, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatal("the route has no EndpointSlice: it takes aggregator routing")
}

// end ends a replica. That it is ending is noticed only when it has said so itself, by /readyz: in a cluster the EndpointSlice may
// change as late, or before.
func (r *replicas) end(t *testing.T, replica *replica) {
	t.Helper()
	stopped := make(chan error, 1)
	go func() { stopped <- replica.Stop(context.WithoutCancel(t.Context())) }()
	step.Eventually(t.Context(), t, readyTimeout, replica.Name()+" to be not ready", func(ctx context.Context) error {
		if replica.Command().Ready(ctx) == nil {
			return errors.New("it is ready")
		}
		return nil
	})
	if replica.Err() != nil {
		t.Errorf("%s has ended before anybody could notice: --shutdown-delay-duration does nothing", replica.Name())
	}
	replica.slice.Endpoints[0].Conditions = discoveryv1.EndpointConditions{Ready: ptr.To(false), Serving: ptr.To(true), Terminating: ptr.To(true)}
	if _, err := r.slices().Update(t.Context(), replica.slice, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	var exit *process.ExitError
	if !errors.As(replica.Err(), &exit) || exit.State.ExitCode() != 0 {
		t.Errorf("%s did not end by itself: %v", replica.Name(), replica.Err())
	}
	if err := r.slices().Delete(t.Context(), replica.slice.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

func (r *replicas) slices() discoveryclient.EndpointSliceInterface {
	return r.client.DiscoveryV1().EndpointSlices(r.server.Namespace())
}
