package rotation

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"example.com/annex/shared/certs"
)

// State is what the replicas of a server share. It is immutable.
type State struct {
	// Signer issued Serving.
	Signer *certs.Authority
	// Serving is what the replicas serve with.
	Serving *certs.Pair
	// Next is the authority that will be Signer, or nil.
	Next *certs.Authority
	// Previous was Signer before, or is nil.
	Previous *x509.Certificate
}

// NewState is that of a server which never ran: an authority, and a certificate of it.
func NewState(o Options) (*State, error) {
	signer, err := certs.NewAuthority(o.Authority, o.withDefaults().authority())
	if err != nil {
		return nil, err
	}
	return (&State{Signer: signer}).reissue(o)
}

// Bundle is what verifies what is served in this phase and in the next one: spec.caBundle in PEM.
func (s *State) Bundle() []byte {
	bundle := s.Signer.CertificatePEM()
	if s.Next != nil {
		bundle = append(bundle, s.Next.CertificatePEM()...)
	}
	if s.Previous != nil {
		bundle = append(bundle, certs.EncodeCertificate(s.Previous)...)
	}
	return bundle
}

// Equal tells whether both are the same keys and certificates.
func (s *State) Equal(other *State) bool {
	return bytes.Equal(s.Bundle(), other.Bundle()) && bytes.Equal(s.Serving.CertificatePEM, other.Serving.CertificatePEM) &&
		(s.Next == nil) == (other.Next == nil)
}

// Step is the state that follows, or s itself where there is nothing to do yet, and what was done, for people to read. placed
// is how long the bundle has been in every APIService.
func (s *State) Step(o Options, placed time.Duration) (_ *State, done string, _ error) {
	o = o.withDefaults()
	now := o.Now()
	inPlace := placed >= o.Propagation
	serving, err := s.Serving.TLS()
	if err != nil {
		return nil, "", err
	}
	switch {
	case !now.Before(s.Signer.Certificate().NotAfter):
		// Nobody ran for long. Nothing that is served could be verified, so that there is nothing to wait for.
		next, err := NewState(o)
		return next, "replaced an authority that had expired", err
	case s.Next != nil && inPlace:
		next, err := (&State{Signer: s.Next, Previous: s.Signer.Certificate()}).reissue(o)
		return next, "serving a certificate of the next authority", err
	case s.Previous != nil && inPlace:
		return &State{Signer: s.Signer, Serving: s.Serving}, "dropped the previous authority", nil
	case s.Next == nil && s.Previous == nil && !now.Before(renewal(s.Signer.Certificate())):
		next, err := certs.NewAuthority(o.Authority, o.authority())
		return &State{Signer: s.Signer, Serving: s.Serving, Next: next}, "introduced the next authority", err
	case s.outlives(serving.Leaf) && !now.Before(renewal(serving.Leaf)):
		next, err := s.reissue(o)
		return next, "renewed the serving certificate", err
	}
	if missing := without(o.Names, serving.Leaf.DNSNames); len(missing) > 0 {
		// A name that is there and not wanted may be wanted by a replica with other flags, in the middle of a rollout: if each
		// took out the other's, they would never come to rest. The next renewal leaves out what whoever renews does not want.
		o.Names = slices.Concat(serving.Leaf.DNSNames, missing)
		next, err := s.reissue(o)
		return next, fmt.Sprintf("issued a serving certificate that is good for %v, too", missing), err
	}
	return s, "", nil
}

// without are the names that are not among the others, in their order.
func without(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(others, name) })
}

// Due is when Step has something to do at the latest, where the bundle is in every APIService since the time given (zero: is not).
func (s *State) Due(o Options, since time.Time) time.Time {
	due := s.Signer.Certificate().NotAfter
	if serving, err := s.Serving.TLS(); err == nil && s.outlives(serving.Leaf) {
		due = earlier(due, renewal(serving.Leaf))
	}
	switch {
	case s.Next == nil && s.Previous == nil:
		due = earlier(due, renewal(s.Signer.Certificate()))
	case !since.IsZero():
		due = earlier(due, since.Add(o.withDefaults().Propagation))
	}
	return due
}

// outlives tells whether the signer could issue a certificate that is valid for longer than this one.
func (s *State) outlives(serving *x509.Certificate) bool {
	return serving.NotAfter.Before(s.Signer.Certificate().NotAfter)
}

func (s *State) reissue(o Options) (*State, error) {
	serving, err := s.Signer.IssueServer(o.Names)
	if err != nil {
		return nil, err
	}
	return &State{Signer: s.Signer, Serving: serving, Next: s.Next, Previous: s.Previous}, nil
}

// renewal is when a certificate should be replaced: with a third of its life left, as cert-manager does it
// (https://cert-manager.io/docs/usage/certificate/, spec.renewBefore).
func renewal(c *x509.Certificate) time.Time {
	return c.NotAfter.Add(-c.NotAfter.Sub(c.NotBefore.Add(certs.Backdate)) / 3)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
