// Package apiserver makes a complete aggregated API server out of a Definition: the one description of its API groups,
// resources and admission plugins.
//
// There is one way to run it. On a command line:
//
//	func main() { os.Exit(apiserver.Run(definition.New())) }
//
// In a test, or inside another program:
//
//	options, err := apiserver.NewOptions(definition.New())
//	options.SecureServing.Listener = listener
//	...
//	server, err := options.Server()
//	err = server.Run(ctx)
//
// Both go the same way: [Definition] → [Options] (flags, defaults, validation) → [Server], which owns the lifecycle.
// The server is k8s.io/apiserver's GenericAPIServer with everything that upstream recommends switched on: delegated
// authentication and authorization, front-proxy trust, priority and fairness, admission (webhooks and policies),
// audit, tracing, OpenAPI v2 and v3, aggregated discovery, flagz and statusz, health checks, feature gates with
// compatibility versions, encryption at rest, and a graceful shutdown that drains requests and watches.
//
// Types that have protobuf methods (package protobuf) are served and stored in protobuf too, with no word about it in the
// Definition.
//
// Nothing is global: every server has a scheme, a codec factory and a flag set of its own, so that several can run in
// one process. The one exception is upstream's: on a command line, --feature-gates, --emulated-version and
// --min-compatibility-version set the process-wide gate and versions that k8s.io libraries consult. See
// [Options.FeatureGate].
package apiserver
