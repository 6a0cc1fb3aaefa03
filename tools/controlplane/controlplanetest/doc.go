// Package controlplanetest gives tests a control plane, and keeps its logs when
// they fail.
//
//	plane := controlplanetest.Start(t, controlplane.Options{})
package controlplanetest
