package doctor

import (
	"context"
	"encoding/json"
	"strings"
)

// openAPIAdvice is what can be done about documents that kube-apiserver has not.
const openAPIAdvice = "kube-apiserver asks the server for %s again within a minute; if that does not help, see what the server itself answers to that. Without it, kubectl explain and kubectl apply know nothing of the resources"

// checkOpenAPIV2 looks for the version in kube-apiserver's own OpenAPI document, into which it takes those of all servers.
func checkOpenAPIV2(ctx context.Context, s *Subject) Finding {
	body, err := s.kubernetes.Discovery().RESTClient().Get().AbsPath("/openapi/v2").SetHeader("Accept", "application/json").DoRaw(ctx)
	if err != nil {
		return wrong("asking kube-apiserver for /openapi/v2: %v", err).advise("look into kube-apiserver's log")
	}
	var document struct {
		Paths map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(body, &document); err != nil {
		return wrong("reading kube-apiserver's /openapi/v2: %v", err)
	}
	prefix := "/apis/" + s.version().String() + "/"
	count := 0
	for path := range document.Paths {
		if strings.HasPrefix(path, prefix) {
			count++
		}
	}
	if count == 0 {
		return wrong("kube-apiserver's /openapi/v2 has no path under %s", prefix).advise(openAPIAdvice, "/openapi/v2")
	}
	return right("%d paths in /openapi/v2", count)
}

// checkOpenAPIV3 asks for the version's own document.
func checkOpenAPIV3(ctx context.Context, s *Subject) Finding {
	path := "/openapi/v3/apis/" + s.version().String()
	body, err := s.kubernetes.Discovery().RESTClient().Get().AbsPath(path).SetHeader("Accept", "application/json").DoRaw(ctx)
	if err != nil {
		return wrong("asking kube-apiserver for %s: %v", path, err).advise(openAPIAdvice, "/openapi/v3")
	}
	var document struct {
		Paths      map[string]json.RawMessage `json:"paths"`
		Components struct {
			Schemas map[string]json.RawMessage `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(body, &document); err != nil {
		return wrong("reading %s: %v", path, err)
	}
	if len(document.Paths) == 0 {
		return wrong("%s has no paths", path).advise(openAPIAdvice, "/openapi/v3")
	}
	return right("%d paths and %d schemas in %s", len(document.Paths), len(document.Components.Schemas), path)
}
