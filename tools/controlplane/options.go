package controlplane

import (
	"time"
)

// Options say what control plane to start. The zero value is good.
type Options struct {
	// Binaries are the programs to run. Zero means those of FindBinaries.
	Binaries Binaries

	// Dir is where the control plane makes its private directory, for data,
	// keys and logs; Stop removes it. Empty means os.TempDir().
	Dir string

	// LogDir is a directory for the logs, made if it is missing, and never
	// removed. Empty means one inside the private directory.
	LogDir string

	// AggregatorRouting is kube-apiserver's --enable-aggregator-routing: whether
	// it dials the endpoints of an APIService's Service itself, as clusters
	// whose kube-apiserver has no kube-proxy need. RouteObjects and BindAddress
	// follow from it. It needs an address that is not loopback: run the program
	// with netns.Run.
	AggregatorRouting bool

	// EtcdArgs, KubeAPIServerArgs and KubeControllerManagerArgs are added to
	// the programs' flags, and win over those set here.
	EtcdArgs                  []string
	KubeAPIServerArgs         []string
	KubeControllerManagerArgs []string

	// Progress is told about each process as it is started and as it becomes
	// ready. Calls don't overlap. Nil means nobody is told.
	Progress func(Event)

	// Timeout is how long Start may take as a whole. Zero means DefaultTimeout.
	Timeout time.Duration
}

// DefaultTimeout leaves ten times what a start takes on two idle cores.
const DefaultTimeout = time.Minute

// Event is progress of a control plane's start.
type Event struct {
	// Process is "etcd", "kube-apiserver" or "kube-controller-manager".
	Process string
	// Ready is false when the process was started, true when it became ready.
	Ready bool
	// Took is the time from the one to the other; zero when it was started.
	Took time.Duration
}
