// Package install adds the API group inventory.example.com to a scheme.
package install

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"

	"example.com/annex/servers/inventory/apis/inventory"
	"example.com/annex/servers/inventory/apis/inventory/v1"
	"example.com/annex/servers/inventory/apis/inventory/v1beta1"
)

// Install adds the internal types and all versions of the group to a scheme, with their defaults, conversions and
// validations. Which version is preferred, the server's Definition says.
func Install(scheme *runtime.Scheme) error {
	for version, add := range map[string]func(*runtime.Scheme) error{
		"internal": inventory.AddToScheme,
		"v1":       v1.AddToScheme,
		"v1beta1":  v1beta1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return fmt.Errorf("adding the %s types of %s to the scheme: %w", version, inventory.GroupName, err)
		}
	}
	return nil
}
