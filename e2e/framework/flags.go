package framework

import "flag"

// ClusterVariable is the environment variable with what --cluster is where it is
// not given.
const ClusterVariable = "ANNEX_CLUSTER"

// options are the framework's own flags, beside those of e2e-framework
// (--kubeconfig, --context, --feature, ...) and of go test.
type options struct {
	cluster string
	routing bool
}

func (o *options) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.cluster, "cluster", "", `Where the servers under test run: "controlplane", a control plane made for the run; `+
		`"kind", a cluster of kind's made for the run, with the servers in Pods; or "existing", the cluster of --kubeconfig with the servers in it. The default is existing where --kubeconfig is set, else what $ANNEX_CLUSTER says, else controlplane`)
	flags.BoolVar(&o.routing, "aggregator-routing", false,
		"Run the kube-apiserver of a cluster made for the run with --enable-aggregator-routing; a control plane is then in a network namespace of the test's own")
}
