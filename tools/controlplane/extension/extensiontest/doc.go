// Package extensiontest gives tests aggregated servers in a control plane, without programs to build first: the test program is
// each of them, too.
//
//	func TestMain(m *testing.M) { os.Exit(extensiontest.Main(m, definition.New())) }
//
//	func TestSomething(t *testing.T) {
//		plane := controlplanetest.Start(t, controlplane.Options{})
//		server := extensiontest.New(t, extension.Options{Plane: plane, Installation: deployment.Installation{Definition: definition.New()}})
//		...
//	}
package extensiontest
