// Package framework is the environment that end-to-end suites run in, on top of
// sigs.k8s.io/e2e-framework: a cluster, our servers in it, a deadline below the
// test's own, the logs of every process, and a summary of what ran.
//
// A suite is a package with one TestMain:
//
//	var testenv *framework.Environment
//
//	func TestMain(m *testing.M) {
//		var err error
//		testenv, err = framework.New(framework.Suite{
//			Name:    "capacity",
//			Servers: []framework.Server{{Definition: definition.New(), Package: "servers/capacity"}},
//		})
//		if err != nil {
//			fmt.Fprintln(os.Stderr, err)
//			os.Exit(1)
//		}
//		os.Exit(testenv.Run(m))
//	}
//
//	func TestRestart(t *testing.T) { testenv.Test(t, resilience.Restart("capacity", reservations)) }
//
// Which cluster it is, a flag decides: see [Cluster]. What a feature needs
// beyond a kubeconfig, such as killing a server, it asks for with [Need], and
// is skipped, with the reason in the summary, where the cluster can't do it.
package framework
