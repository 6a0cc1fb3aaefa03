package client_test

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	capacityv1 "example.com/annex/servers/client/applyconfiguration/capacity/v1"
	"example.com/annex/servers/client/clientset/versioned"
	"example.com/annex/servers/client/clientset/versioned/fake"
	"example.com/annex/servers/client/informers/externalversions"
	topologyv1 "example.com/annex/servers/topology/apis/topology/v1"
)

// A program that keeps up with Sites, and reserves a tenth of each for its own namespace.
func Example() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	// versioned.NewForConfig makes the one that speaks to a cluster.
	var clients versioned.Interface = fake.NewClientset(&topologyv1.Site{
		ObjectMeta: metav1.ObjectMeta{Name: "ams-1"},
		Spec:       topologyv1.SiteSpec{Region: "eu-west", Capacity: topologyv1.SiteCapacity{Slots: 40}},
	})

	informers := externalversions.NewSharedInformerFactory(clients, 0)
	sites := informers.Topology().V1().Sites().Lister()
	informers.Start(ctx.Done())
	defer informers.Shutdown()
	defer cancel()
	for informer, synced := range informers.WaitForCacheSync(ctx.Done()) {
		if !synced {
			fmt.Println("no", informer)
			return
		}
	}

	// The lister reads what the informer has: nothing is asked of any server.
	all, err := sites.List(labels.Everything())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, site := range all {
		// Apply creates the Reservation or changes it, and takes away what this manager applied before and leaves out now.
		wanted := capacityv1.Reservation("overflow-"+site.Name, "batch").
			WithSpec(capacityv1.ReservationSpec().WithSiteName(site.Name).WithSlots(site.Spec.Capacity.Slots / 10))
		reservation, err := clients.CapacityV1().Reservations("batch").Apply(ctx, wanted, metav1.ApplyOptions{FieldManager: "overflow"})
		if err != nil {
			fmt.Println(err) // A conflict, if somebody else owns a field: Force takes it.
			return
		}
		// What the manager owns of an object, to change and apply again.
		owned, err := capacityv1.ExtractReservation(reservation, "overflow")
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s: %d slots at %s\n", *owned.Name, *owned.Spec.Slots, *owned.Spec.SiteName)
	}
	// Output: overflow-ams-1: 4 slots at ams-1
}
