// Package registrytest is a container registry in the test's own process, for tests of what speaks to one.
package registrytest
