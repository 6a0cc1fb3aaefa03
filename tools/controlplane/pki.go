package controlplane

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"example.com/annex/shared/certs"
)

// frontProxyName is the only name that kube-apiserver, and every aggregated
// server, accepts from the front proxy's CA (--requestheader-allowed-names).
const frontProxyName = "front-proxy-client"

// pki is what kubeadm calls it: the authorities of a cluster, and the
// certificates of its components. As in kubeadm the front proxy has an
// authority of its own: were it the clients', each client could forge
// X-Remote-User.
type pki struct {
	dir                       string
	clients, frontProxy, etcd *certs.Authority
}

// newPKI makes the keys and writes them, readable for this user only, to dir,
// which exists.
func newPKI(dir string) (*pki, error) {
	p := &pki{dir: dir}
	for _, authority := range []struct {
		name  string
		field **certs.Authority
	}{
		{"kubernetes-ca", &p.clients},
		{"front-proxy-ca", &p.frontProxy},
		{"etcd-ca", &p.etcd},
	} {
		made, err := certs.NewAuthority(authority.name, certs.Options{})
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(p.file(authority.name+".crt"), made.CertificatePEM(), 0o600); err != nil {
			return nil, fmt.Errorf("writing the certificate of %s: %w", authority.name, err)
		}
		*authority.field = made
	}

	loopback := net.IPv4(127, 0, 0, 1)
	return p, errors.Join(
		p.write("etcd")(p.etcd.IssuePeer([]string{"localhost"}, loopback)),
		p.write("etcd-client")(p.etcd.IssueClient("etcd-client")),
		p.write("kube-apiserver")(p.clients.IssueServer(
			[]string{"kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost"}, loopback, firstServiceIP)),
		p.write("kube-controller-manager")(p.clients.IssueServer([]string{"localhost"}, loopback)),
		p.write(frontProxyName)(p.frontProxy.IssueClient(frontProxyName)),
		p.writeServiceAccountKey(),
	)
}

func (p *pki) file(name string) string            { return filepath.Join(p.dir, name) }
func (p *pki) certificateFile(name string) string { return p.file(name + ".crt") }
func (p *pki) keyFile(name string) string         { return p.file(name + ".key") }

func (p *pki) write(name string) func(*certs.Pair, error) error {
	return func(pair *certs.Pair, err error) error {
		if err != nil {
			return err
		}
		return pair.WriteFiles(p.certificateFile(name), p.keyFile(name))
	}
}

// writeServiceAccountKey makes the key that signs ServiceAccounts' tokens.
func (p *pki) writeServiceAccountKey() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("generating the ServiceAccounts' key: %w", err)
	}
	private, err := certs.EncodeKey(key)
	if err != nil {
		return err
	}
	public, err := certs.EncodePublicKey(key.Public())
	if err != nil {
		return err
	}
	if err := os.WriteFile(p.keyFile("service-account"), private, 0o600); err != nil {
		return fmt.Errorf("writing the ServiceAccounts' key: %w", err)
	}
	if err := os.WriteFile(p.file("service-account.pub"), public, 0o600); err != nil {
		return fmt.Errorf("writing the ServiceAccounts' public key: %w", err)
	}
	return nil
}
