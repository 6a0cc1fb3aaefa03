package validation_test

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"example.com/annex/shared/validation"
)

func ExampleValidateObservedGeneration() {
	path := field.NewPath("status", "observedGeneration")
	for _, observed := range []int64{1, 2, 3, 4} {
		fmt.Println(observed, validation.ValidateObservedGeneration(observed, 2, 3, path).ToAggregate())
	}
	// Output:
	// 1 status.observedGeneration: Invalid value: 1: must not be lower than before (2)
	// 2 <nil>
	// 3 <nil>
	// 4 status.observedGeneration: Invalid value: 4: must not be higher than metadata.generation (3)
}
