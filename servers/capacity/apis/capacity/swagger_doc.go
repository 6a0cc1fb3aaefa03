package capacity

// ReservationLogOptionsDoc is what the fields of ReservationLogOptions are for, the same in all versions. OpenAPI documents have
// the comments of types from generated code, but those of query parameters from a method SwaggerDoc
// (k8s.io/apiserver/pkg/endpoints.AddObjectParams).
var ReservationLogOptionsDoc = map[string]string{
	"follow":       "follow keeps the log open: what happens to the Reservation from now on is added as it happens, until it is deleted.",
	"sinceSeconds": "sinceSeconds leaves out what happened more than so many seconds ago; at least 1. Not together with sinceTime.",
	"sinceTime":    "sinceTime leaves out what happened before, as an RFC 3339 timestamp. Not together with sinceSeconds.",
	"timestamps":   "timestamps begins each line with its time, as an RFC 3339 timestamp.",
	"tailLines":    "tailLines shows at most so many of the lines about what was before the request, the last ones. With 0, a log that is followed begins with what happens next.",
	"limitBytes":   "limitBytes ends the log after so many bytes, maybe in the middle of a line; at least 1.",
}
