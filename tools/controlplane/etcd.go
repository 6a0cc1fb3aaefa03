package controlplane

import (
	"crypto/tls"

	"example.com/annex/tools/controlplane/port"
	"example.com/annex/tools/controlplane/process"
)

// etcdCommand is a cluster of one member. Both its ports are loopback's, and
// both ask for a certificate: other users of the machine reach loopback too, and
// whoever writes to etcd owns the cluster.
func (c *ControlPlane) etcdCommand(client, peer *port.Reservation) process.Command {
	clientURL, peerURL := "https://"+client.Address(), "https://"+peer.Address()
	args := []string{
		"--name=annex",
		"--data-dir=" + c.dir.Join("etcd"),
		"--unsafe-no-fsync", // See the package's documentation.
		"--socket-reuse-port",
		// A member alone waits for an election all the same: a fifth of the
		// defaults, which are for members far apart.
		"--heartbeat-interval=20", // ms
		"--election-timeout=200",  // ms
		"--log-level=warn",
		"--enable-grpc-gateway=false",

		"--listen-client-urls=" + clientURL,
		"--advertise-client-urls=" + clientURL,
		"--cert-file=" + c.pki.certificateFile("etcd"),
		"--key-file=" + c.pki.keyFile("etcd"),
		"--trusted-ca-file=" + c.pki.certificateFile("etcd-ca"),
		"--client-cert-auth",

		"--listen-peer-urls=" + peerURL,
		"--initial-advertise-peer-urls=" + peerURL,
		"--initial-cluster=annex=" + peerURL,
		"--peer-cert-file=" + c.pki.certificateFile("etcd"),
		"--peer-key-file=" + c.pki.keyFile("etcd"),
		"--peer-trusted-ca-file=" + c.pki.certificateFile("etcd-ca"),
		"--peer-client-cert-auth",
	}
	return process.Command{
		Name:    "etcd",
		Path:    c.binaries.Etcd,
		Args:    append(args, c.options.EtcdArgs...),
		LogFile: c.logFile("etcd"),
		Ready: process.Answers(clientURL+"/readyz", &tls.Config{
			MinVersion: tls.VersionTLS12,
			RootCAs:    c.pki.etcd.Pool(),
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				pair, err := tls.LoadX509KeyPair(c.pki.certificateFile("etcd-client"), c.pki.keyFile("etcd-client"))
				return &pair, err
			},
		}),
	}
}

// EtcdURL is where etcd listens. It asks for a client certificate: see
// EtcdFlags.
func (c *ControlPlane) EtcdURL() string { return "https://" + c.etcdPort.Address() }

// EtcdFlags are the flags by which a server made with k8s.io/apiserver keeps its
// objects in this control plane's etcd. Keys begin with the group, so that
// servers don't meet.
func (c *ControlPlane) EtcdFlags() []string {
	return []string{
		"--etcd-servers=" + c.EtcdURL(),
		"--etcd-cafile=" + c.pki.certificateFile("etcd-ca"),
		"--etcd-certfile=" + c.pki.certificateFile("etcd-client"),
		"--etcd-keyfile=" + c.pki.keyFile("etcd-client"),
	}
}
