package apiserver

import (
	"fmt"
	"maps"
	"net/url"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// parameterCodec reads query parameters, and says which of them can't be read. Upstream's says what is wrong with the value, and
// leaves the name to be guessed, for pods/log, too: strconv.ParseInt: parsing "abc": invalid syntax.
type parameterCodec struct{ runtime.ParameterCodec }

// DecodeParameters fails with the name of the parameter that is to blame, the first in alphabetical order.
func (c parameterCodec) DecodeParameters(parameters url.Values, from schema.GroupVersion, into runtime.Object) error {
	empty := into.DeepCopyObject()
	err := c.ParameterCodec.DecodeParameters(parameters, from, into)
	if err == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if err := c.ParameterCodec.DecodeParameters(url.Values{name: parameters[name]}, from, empty.DeepCopyObject()); err != nil {
			return fmt.Errorf("query parameter %s=%s: %w", name, parameters.Get(name), err)
		}
	}
	return err // None by itself.
}
