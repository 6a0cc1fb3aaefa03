package rotation

import (
	"errors"
	"fmt"
	"time"

	"example.com/annex/shared/certs"
)

const (
	// DefaultAuthorityValidity is the life of an authority: one year. It is shorter than kubeadm's ten, because it is
	// replaced by itself.
	DefaultAuthorityValidity = 365 * 24 * time.Hour

	// DefaultServingValidity is the life of a serving certificate: 90 days, as cert-manager's
	// (https://cert-manager.io/docs/usage/certificate/, spec.duration).
	DefaultServingValidity = 90 * 24 * time.Hour

	// MinServingValidity is the shortest life of a serving certificate: the third of it that is left at a renewal is a second
	// then, which is what the times of a certificate are counted in (RFC 5280, section 4.1.2.5).
	MinServingValidity = 3 * time.Second

	// DefaultPropagation is how long a new caBundle is given to reach every kube-apiserver. They watch APIServices, which
	// takes milliseconds; one that lost its watch is back within seconds.
	DefaultPropagation = 30 * time.Second
)

// Options are what a Controller keeps, and where.
type Options struct {
	// Namespace and Secret are where the certificates are. The namespace must exist. Required.
	Namespace, Secret string
	// Authority is the common name of the authorities, for people to read. Required.
	Authority string
	// Names are the DNS names of the serving certificate, as certs.ServiceNames returns them. Required.
	Names []string
	// Service is the Service that leads to the server, in Namespace. Required.
	Service string
	// APIServices are the names of the APIServices whose spec.caBundle is reconciled. One that does not exist is waited for, and
	// one that leads to another Service is left alone: its server has an authority of its own.
	APIServices []string

	// AuthorityValidity is the life of an authority. It is replaced after two thirds of it. Zero means
	// DefaultAuthorityValidity.
	AuthorityValidity time.Duration
	// ServingValidity is the life of a serving certificate, which is replaced after two thirds of it. Zero means
	// DefaultServingValidity; else it is at least MinServingValidity.
	ServingValidity time.Duration
	// Propagation is how long a caBundle must have been in place before its authority is relied on. Zero means
	// DefaultPropagation.
	Propagation time.Duration

	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.AuthorityValidity == 0 {
		o.AuthorityValidity = DefaultAuthorityValidity
	}
	if o.ServingValidity == 0 {
		o.ServingValidity = DefaultServingValidity
	}
	if o.Propagation == 0 {
		o.Propagation = DefaultPropagation
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Validate reports everything that makes the options unusable, or nil.
func (o Options) Validate() error {
	var errs []error
	for what, missing := range map[string]bool{
		"Namespace": o.Namespace == "", "Secret": o.Secret == "", "Authority": o.Authority == "", "Names": len(o.Names) == 0,
		"Service": o.Service == "",
	} {
		if missing {
			errs = append(errs, errors.New(what+" is not set"))
		}
	}
	o = o.withDefaults()
	switch {
	case o.AuthorityValidity < 0 || o.ServingValidity < 0 || o.Propagation < 0:
		errs = append(errs, errors.New("a duration is negative"))
	case o.AuthorityValidity < 6*o.Propagation:
		// A third of the life is left when an authority is replaced, and it takes two propagations to be rid of it.
		errs = append(errs, errors.New("AuthorityValidity is shorter than six times Propagation: an authority would expire before its successor is in place"))
	}
	if o.ServingValidity >= 0 && o.ServingValidity < MinServingValidity {
		errs = append(errs, fmt.Errorf("ServingValidity is shorter than %s: a certificate would run out before its successor is served", MinServingValidity))
	}
	return errors.Join(errs...)
}

// authority is what new authorities are made with, and those in the Secret read with.
func (o Options) authority() certs.Options {
	return certs.Options{AuthorityValidity: o.AuthorityValidity, Validity: o.ServingValidity, Now: o.Now}
}
