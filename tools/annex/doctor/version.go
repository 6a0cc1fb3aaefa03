package doctor

import "context"

// checkVersion looks whether the server serves the version of the APIService at all.
func checkVersion(_ context.Context, s *Subject) Finding {
	complaint := s.complaint()
	switch {
	case badStatus(complaint, "404"):
		return wrong("the server does not serve %s: %s", s.version(), complaint).
			advise("see that the server is new enough; only if the version is served no more, and nobody uses it: kubectl delete apiservice %s", s.Name)
	case s.available():
		return right("the server serves %s", s.version())
	}
	return s.notSoFar()
}
