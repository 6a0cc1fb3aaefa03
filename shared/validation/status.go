package validation

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// ValidateObservedGeneration checks a new status.observedGeneration, at path, against the old one: it never goes back, nor ahead
// of the object's metadata.generation.
func ValidateObservedGeneration(observed, old, generation int64, path *field.Path) field.ErrorList {
	switch {
	case observed < old:
		return field.ErrorList{field.Invalid(path, observed, fmt.Sprintf("must not be lower than before (%d)", old))}
	case observed > generation:
		return field.ErrorList{field.Invalid(path, observed, fmt.Sprintf("must not be higher than metadata.generation (%d)", generation))}
	}
	return nil
}
