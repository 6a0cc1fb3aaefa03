// Package controlplane runs a real Kubernetes control plane, without nodes, as
// child processes of this one: etcd, kube-apiserver and
// kube-controller-manager, on free loopback ports, without root or Docker. It
// is what the demo and the end-to-end tests extend with aggregated API servers.
//
//	plane, err := controlplane.Start(ctx, controlplane.Options{})
//	if err != nil {
//		return err // Says which process failed, why, and where its log is.
//	}
//	defer plane.Stop(ctx)
//	client, err := kubernetes.NewForConfig(plane.RESTConfig())
//
// The aggregation layer is configured completely, every flag of it explicitly,
// in both ways that a cluster may have it (see [Options.AggregatorRouting]).
//
// Several control planes run side by side, in one process or in many. When this
// process ends, in whatever way, so do theirs; what a killed process leaves on
// disk is removed by the next one to start.
//
// Data lives as long as the control plane: etcd does not wait for the disk
// (--unsafe-no-fsync), which halves the time to start, and would lose data only
// in a crash of the whole machine.
package controlplane
