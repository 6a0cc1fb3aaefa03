package apiserver

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"example.com/annex/shared/registry"
)

// Scheme makes a scheme of the server's own types and of the meta types that every API server speaks.
func (d Definition) Scheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	if err := d.Install(scheme); err != nil {
		return nil, fmt.Errorf("installing the types of %s: %w", d.Name, err)
	}
	// Status, discovery documents and table options belong to version v1 of the group without a name.
	unversioned := schema.GroupVersion{Version: "v1"}
	metav1.AddToGroupVersion(scheme, unversioned)
	scheme.AddUnversionedTypes(unversioned,
		&metav1.Status{}, &metav1.APIVersions{}, &metav1.APIGroupList{}, &metav1.APIGroup{}, &metav1.APIResourceList{},
	)
	for _, g := range d.Groups {
		for _, r := range g.Resources {
			if a, ok := r.(registry.SchemeAdder); ok {
				if err := a.AddToScheme(scheme); err != nil {
					return nil, fmt.Errorf("installing what %s.%s speaks of besides its own kinds: %w", r.Name(), g.Name, err)
				}
			}
		}
		for _, gv := range g.groupVersions() {
			if !scheme.IsVersionRegistered(gv) {
				return nil, fmt.Errorf("installing the types of %s: Install adds nothing to %s, which Groups lists", d.Name, gv)
			}
		}
		if err := scheme.SetVersionPriority(g.groupVersions()...); err != nil {
			return nil, fmt.Errorf("setting the version priority of %s: %w", g.Name, err)
		}
	}
	return scheme, nil
}
