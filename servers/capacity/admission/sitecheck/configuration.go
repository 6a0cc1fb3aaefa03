package sitecheck

import (
	"fmt"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// The type of the configuration, as it stands in --admission-control-config-file:
//
//	apiVersion: apiserver.config.k8s.io/v1
//	kind: AdmissionConfiguration
//	plugins:
//	- name: SiteCheck
//	  configuration:
//	    apiVersion: sitecheck.capacity.example.com/v1alpha1
//	    kind: SiteCheckConfiguration
//	    unknownSites: Warn
const (
	configurationVersion = "sitecheck.capacity.example.com/v1alpha1"
	configurationKind    = "SiteCheckConfiguration"
)

type configuration struct {
	metav1.TypeMeta `json:",inline"`

	// UnknownSites is what becomes of a Reservation whose site does not exist, or can't be read. The default is Deny. What a
	// site is known to lack is refused in any case.
	UnknownSites unknownSites `json:"unknownSites,omitempty"`
}

type unknownSites string

const (
	deny  unknownSites = "Deny"
	warn  unknownSites = "Warn"
	allow unknownSites = "Allow"
)

// readConfiguration reads YAML or JSON; nil is the default.
func readConfiguration(from io.Reader) (configuration, error) {
	c := configuration{UnknownSites: deny}
	if from == nil {
		return c, nil
	}
	content, err := io.ReadAll(from)
	if err != nil {
		return c, err
	}
	if err := yaml.UnmarshalStrict(content, &c); err != nil {
		return c, err
	}
	if c.APIVersion != configurationVersion || c.Kind != configurationKind {
		return c, fmt.Errorf("it is a %s of %s; want %s of %s", c.Kind, c.APIVersion, configurationKind, configurationVersion)
	}
	switch c.UnknownSites {
	case deny, warn, allow:
		return c, nil
	}
	return c, fmt.Errorf("unknownSites: %q: want %s, %s or %s", c.UnknownSites, deny, warn, allow)
}
