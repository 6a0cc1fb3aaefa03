package rotation

import (
	"sync"

	"k8s.io/apiserver/pkg/server/dynamiccertificates"
)

// content is the certificate to serve with, as k8s.io/apiserver asks for it: new connections get the newest.
type content struct {
	name string

	mu        sync.Mutex
	state     *State
	listeners []dynamiccertificates.Listener
}

var _ dynamiccertificates.CertKeyContentProvider = &content{}

// Name tells people where the certificate is from.
func (c *content) Name() string { return c.name }

// CurrentCertKeyContent is the certificate and its key in PEM.
func (c *content) CurrentCertKeyContent() (certificate, key []byte) {
	serving := c.current().Serving
	return serving.CertificatePEM, serving.KeyPEM
}

// AddListener adds somebody who wants to know of a new certificate.
func (c *content) AddListener(listener dynamiccertificates.Listener) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listeners = append(c.listeners, listener)
}

func (c *content) current() *State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// set replaces the state, and tells whether it is another one.
func (c *content) set(state *State) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != nil && c.state.Equal(state) {
		return false
	}
	c.state = state
	for _, listener := range c.listeners {
		listener.Enqueue()
	}
	return true
}
