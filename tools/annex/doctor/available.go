package doctor

import (
	"context"
	"fmt"
	"time"

	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// checkAvailable is what kube-apiserver says. It looks again every 30 seconds, and when the APIService, its Service or its endpoints
// change: between, the condition may be of the past.
func checkAvailable(_ context.Context, s *Subject) Finding {
	condition := s.condition()
	if condition == nil {
		return notChecked("kube-apiserver has not looked yet").mend("%s", s.lookAgain()).block("kube-apiserver has not looked yet")
	}
	text := fmt.Sprintf("kube-apiserver says %s, %s: %s", condition.Status, condition.Reason, condition.Message)
	if first := s.firstWrong(); first != "" {
		f := notChecked("because %s is wrong; %s", first, text)
		if !s.available() {
			f = f.block(first + " is wrong")
		}
		return f
	}
	if condition.Status != apiregistrationv1.ConditionTrue {
		return wrong("%s; nothing before this is wrong, so that it may have looked too early", text).mend("%s", s.lookAgain())
	}
	return right("%s, since %s", text, condition.LastTransitionTime.Format(time.RFC3339))
}

// lookAgain is the command that has kube-apiserver look at once: any change of the object does.
func (s *Subject) lookAgain() string {
	return fmt.Sprintf(`kubectl annotate apiservice %s --overwrite annex.example.com/looked-at="$(date +%%s)"`, s.Name)
}
