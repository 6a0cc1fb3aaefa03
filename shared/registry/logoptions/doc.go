// Package logoptions describes the query parameters of a log (registry.LogOptions). It depends on nothing, because versioned types
// need it, and whoever imports these should not get an API server with them.
package logoptions

// Doc is what each parameter is for, by its name: what SwaggerDoc of the versioned types returns. OpenAPI documents have the comments
// of types from generated code, but those of query parameters from that method (k8s.io/apiserver/pkg/endpoints.AddObjectParams).
// kind is what the log is of: "Reservation".
func Doc(kind string) map[string]string {
	return map[string]string{
		"follow":       "follow keeps the log open: what happens to the " + kind + " from now on is added as it happens, until it is deleted.",
		"sinceSeconds": "sinceSeconds leaves out what happened more than so many seconds ago; at least 1. Not together with sinceTime.",
		"sinceTime":    "sinceTime leaves out what happened before, as an RFC 3339 timestamp. Not together with sinceSeconds.",
		"timestamps":   "timestamps begins each line with its time, as an RFC 3339 timestamp.",
		"tailLines":    "tailLines shows at most so many of the lines about what was before the request, the last ones. With 0, a log that is followed begins with what happens next.",
		"limitBytes":   "limitBytes ends the log after so many bytes, maybe in the middle of a line; at least 1.",
	}
}
