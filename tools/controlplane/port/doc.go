// Package port reserves TCP ports for programs that must be told their port
// before they start, such as kube-apiserver and etcd.
//
// Asking the kernel for a free port and closing it again leaves a gap in which
// anyone may take it. A [Reservation] has no gap: it keeps a socket bound to the
// port, with SO_REUSEPORT and never listening, for as long as it is held. The
// kernel gives that port to nobody who asks for any free port, refuses it to
// those who ask for it plainly, and lets in only a program of the same user
// that sets SO_REUSEPORT too:
//
//   - Kubernetes' servers, and every server made with k8s.io/apiserver: --permit-port-sharing
//   - etcd: --socket-reuse-port
//
// Connections reach listening sockets only, so the reservation never takes one.
// A program can be killed and started again on its port, and when the holder
// dies, however it dies, the kernel frees the port.
package port
