package framework

import (
	"flag"

	"example.com/annex/shared/apiserver"
)

// ClusterVariable is the environment variable with what --cluster is where it is
// not given.
const ClusterVariable = "ANNEX_CLUSTER"

// options are the framework's own flags, beside those of e2e-framework
// (--kubeconfig, --context, --feature, ...) and of go test.
type options struct {
	cluster string
	routing bool
	storage string
}

func (o *options) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.cluster, "cluster", "", `Where the servers under test run: "controlplane", a control plane made for the run; `+
		`"kind", a cluster of kind's made for the run, with the servers in Pods; or "existing", the cluster of --kubeconfig with the servers in it. The default is existing where --kubeconfig is set, else what $ANNEX_CLUSTER says, else controlplane`)
	flags.BoolVar(&o.routing, "aggregator-routing", false,
		"Run the kube-apiserver of a cluster made for the run with --enable-aggregator-routing; a control plane is then in a network namespace of the test's own")
	flags.StringVar(&o.storage, "storage", apiserver.StorageEtcd, `Where the servers of a control plane made for the run keep their objects: "etcd", the control plane's, `+
		`"sqlite", a file each, or "postgres", a database each of a server that is started for the run`)
}
