// Package extensiontest gives tests an aggregated server in a control plane, without a program to build first: the test program is
// the server, too.
//
//	func TestMain(m *testing.M) { os.Exit(extensiontest.Main(m, definition.New)) }
//
//	func TestSomething(t *testing.T) {
//		plane := controlplanetest.Start(t, controlplane.Options{})
//		server := extensiontest.New(t, extension.Options{Plane: plane, Installation: deployment.Installation{Definition: definition.New()}})
//		...
//	}
package extensiontest
