package doctor

import "context"

// checkVersion looks whether the server serves the version of the APIService at all.
func checkVersion(_ context.Context, s *Subject) Finding {
	complaint := s.complaint()
	switch {
	case badStatus(complaint, "404"):
		return wrong("the server does not serve %s: %s", s.version(), complaint).
			mend("kubectl delete apiservice %s", s.Name).advise("that is for a version that is served no more; else see that the server is new enough")
	case s.available():
		return right("the server serves %s", s.version())
	}
	return s.notSoFar()
}
