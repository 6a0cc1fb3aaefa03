package controlplane

import (
	"crypto/tls"

	"example.com/annex/tools/controlplane/port"
	"example.com/annex/tools/controlplane/process"
)

// kubeControllerManagerCommand runs the default controllers: namespaces are
// emptied, owners' dependents collected, quotas counted, ServiceAccounts and
// kube-root-ca.crt made, ClusterRoles aggregated, as in any cluster.
func (c *ControlPlane) kubeControllerManagerCommand(secure *port.Reservation, kubeconfig string) process.Command {
	args := []string{
		"--bind-address=127.0.0.1",
		"--secure-port=" + secure.String(),
		"--permit-port-sharing",
		"--tls-cert-file=" + c.pki.certificateFile("kube-controller-manager"),
		"--tls-private-key-file=" + c.pki.keyFile("kube-controller-manager"),
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--leader-elect=false", // It is the only one.
		"--use-service-account-credentials",
		"--service-account-private-key-file=" + c.pki.keyFile("service-account"),
		"--root-ca-file=" + c.pki.certificateFile("kubernetes-ca"),
		"--controllers=*",
	}
	return process.Command{
		Name:    "kube-controller-manager",
		Path:    c.binaries.KubeControllerManager,
		Args:    append(args, c.options.KubeControllerManagerArgs...),
		LogFile: c.logFile("kube-controller-manager"),
		Ready:   process.Answers("https://"+secure.Address()+"/healthz", &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.pki.clients.Pool()}),
	}
}
