package controlplane

import (
	"crypto/tls"
	"net"
	"strconv"

	"example.com/annex/tools/controlplane/port"
	"example.com/annex/tools/controlplane/process"
)

const (
	kubeAPIServer = "kube-apiserver"

	serviceCIDR = "10.96.0.0/16"

	// advertiseAddress is nobody's (TEST-NET-1, RFC 5737). kube-apiserver wants
	// one that is not loopback's, and looks for a default route otherwise,
	// which a network namespace has not.
	advertiseAddress = "192.0.2.1"
)

// firstServiceIP is the ClusterIP of the Service "kubernetes".
var firstServiceIP = net.IPv4(10, 96, 0, 1)

func (c *ControlPlane) kubeAPIServerCommand(secure *port.Reservation) process.Command {
	args := []string{
		"--bind-address=127.0.0.1",
		"--secure-port=" + secure.String(),
		"--permit-port-sharing",
		"--advertise-address=" + advertiseAddress,
		"--endpoint-reconciler-type=none", // Nothing inside the cluster dials kube-apiserver.
		"--service-cluster-ip-range=" + serviceCIDR,
		"--tls-cert-file=" + c.pki.certificateFile(kubeAPIServer),
		"--tls-private-key-file=" + c.pki.keyFile(kubeAPIServer),

		"--authorization-mode=RBAC",
		"--client-ca-file=" + c.pki.certificateFile("kubernetes-ca"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + c.pki.file("service-account.pub"),
		"--service-account-signing-key-file=" + c.pki.keyFile("service-account"),
	}
	args = append(args, c.EtcdFlags()...)
	args = append(args, c.aggregatorFlags()...)
	return process.Command{
		Name:    kubeAPIServer,
		Path:    c.binaries.KubeAPIServer,
		Args:    append(args, c.options.KubeAPIServerArgs...),
		LogFile: c.logFile(kubeAPIServer),
		Ready:   process.Answers("https://"+secure.Address()+"/readyz", &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.pki.clients.Pool()}),
	}
}

// aggregatorFlags are all that kube-apiserver's aggregation layer has, explicit
// even where they are the default: they are what a cluster's administrator must
// check before he adds an aggregated server.
func (c *ControlPlane) aggregatorFlags() []string {
	return []string{
		"--requestheader-client-ca-file=" + c.pki.certificateFile("front-proxy-ca"),
		"--requestheader-allowed-names=" + frontProxyName,
		"--requestheader-username-headers=X-Remote-User",
		// Without it the user's uid does not reach the aggregated server.
		"--requestheader-uid-headers=X-Remote-Uid",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + c.pki.certificateFile(frontProxyName),
		"--proxy-client-key-file=" + c.pki.keyFile(frontProxyName),
		"--enable-aggregator-routing=" + strconv.FormatBool(c.options.AggregatorRouting),
	}
}
