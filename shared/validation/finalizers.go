package validation

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// ValidateFinalizers checks the finalizers of an object, at path: a name without a domain is one that several controllers may
// come upon, and only Kubernetes itself has such. Built-in resources refuse it, too
// (k8s.io/kubernetes/pkg/apis/core/validation, ValidateObjectMeta). Names that the old object has are let be, so that it can be
// updated, and they be removed.
func ValidateFinalizers(finalizers, old []string, path *field.Path) field.ErrorList {
	known := []string{metav1.FinalizerOrphanDependents, metav1.FinalizerDeleteDependents, "kubernetes"}
	var errs field.ErrorList
	for i, name := range finalizers {
		if !strings.Contains(name, "/") && !slices.Contains(known, name) && !slices.Contains(old, name) {
			errs = append(errs, field.Invalid(path.Index(i), name, "name is neither a standard finalizer name nor is it fully qualified"))
		}
	}
	return errs
}
