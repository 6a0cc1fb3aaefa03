package apitest

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
)

// Scheme makes a scheme of a group's types, with the group's Install.
func Scheme(t *testing.T, install func(*runtime.Scheme) error) *runtime.Scheme {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := install(scheme); err != nil {
		t.Fatal(err)
	}
	return scheme
}
