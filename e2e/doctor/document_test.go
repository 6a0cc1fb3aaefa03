package doctor_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/annex/e2e/step"
)

// document is relative to this directory.
const document = "../../docs/troubleshooting.md"

// placeholder is a word in capitals in a heading: what differs from case to case.
var placeholder = regexp.MustCompile(`\b(URL|GROUP/VERSION|PORT_NAME|RESOURCE|SERVICE|NAMESPACE|NAMES|NAME|PORT|ADDRESS|NOW|THEN|VERB|RULE|ROLE|TIMEOUT|KIND|SECRET)\b`)

// timeouts is what TIMEOUT stands for: net/http says it in one of these ways, by where it was when the time was up.
const timeouts = `(context deadline exceeded|net/http: request canceled|net/http: TLS handshake timeout)`

// pattern is what a heading matches.
func pattern(heading string) *regexp.Regexp {
	var b strings.Builder
	rest := heading
	for {
		at := placeholder.FindStringIndex(rest)
		if at == nil {
			break
		}
		b.WriteString(regexp.QuoteMeta(rest[:at[0]]))
		if rest[at[0]:at[1]] == "TIMEOUT" {
			b.WriteString(timeouts)
		} else {
			b.WriteString(".+?")
		}
		rest = rest[at[1]:]
	}
	return regexp.MustCompile(b.String() + regexp.QuoteMeta(rest))
}

// see waits until a text is there to be seen.
func see(t *testing.T, w *world, s *server, symptom symptom) {
	t.Helper()
	want := pattern(symptom.heading)
	step.Eventually(t.Context(), t, noticed, "to see "+symptom.heading, func(ctx context.Context) error {
		text, err := symptom.seen(ctx, w, s)
		// Logs quote quotes.
		if !want.MatchString(text) && !want.MatchString(strings.ReplaceAll(text, `\"`, `"`)) {
			return fmt.Errorf("seen: %s, error: %v", last(text), err)
		}
		return nil
	})
}

// last is the end of a long text.
func last(text string) string {
	const enough = 2000
	if len(text) > enough {
		return "..." + text[len(text)-enough:]
	}
	return text
}

// headings are the texts that the document explains.
func headings(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(content)) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "### `"); ok {
			found = append(found, strings.TrimSuffix(text, "`"))
		}
	}
	return found
}

// TestDocument compares the headings with what the other tests see.
func TestDocument(t *testing.T) {
	t.Parallel()
	var seen []string
	for _, b := range slices.Concat(breakages(), planeBreakages(), faults()) {
		for _, s := range b.symptoms {
			seen = append(seen, s.heading)
		}
	}
	for _, s := range loneSymptoms(t) {
		seen = append(seen, s.heading)
	}
	explained := headings(t)
	for _, heading := range explained {
		if !slices.Contains(seen, heading) {
			t.Errorf("%s explains what no test sees: %s", document, heading)
		}
	}
	for _, heading := range seen {
		if !slices.Contains(explained, heading) {
			t.Errorf("%s does not explain what a test sees: %s", document, heading)
		}
	}
}
