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

func ExampleValidateFinalizers() {
	path := field.NewPath("metadata", "finalizers")
	old := []string{"inherited"}
	for _, name := range []string{"example.com/cleanup", "foregroundDeletion", "inherited", "cleanup"} {
		fmt.Println(name, validation.ValidateFinalizers([]string{name}, old, path).ToAggregate())
	}
	// Output:
	// example.com/cleanup <nil>
	// foregroundDeletion <nil>
	// inherited <nil>
	// cleanup metadata.finalizers[0]: Invalid value: "cleanup": name is neither a standard finalizer name nor is it fully qualified
}
