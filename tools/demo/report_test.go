package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestTextReport(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := newReport(options{}, &out)
	r.section("Part")
	r.begin("First")
	r.end(outcome{Title: "First", OK: true, Seconds: 0.0421, Commands: []string{"a \\\n  b"}, Output: "one\n\ntwo\n"})
	r.begin("Second")
	r.end(outcome{Title: "Second", Seconds: 2.34})
	want := `
Part
  ✓ First                                                             42ms
      $ a \
          b
      one

      two
  ✗ Second                                                            2.3s
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &out, want)
	}
}

func TestTextReportShowsWhatTakesLong(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := &textReport{out: &out, terminal: true}
	r.begin("Long")
	running := make(chan struct{})
	r.progress(running, "Long", 3500*time.Millisecond)
	close(running)
	r.progress(running, "Long", time.Hour) // It has ended.
	r.end(outcome{Title: "Long", OK: true, Seconds: 3.6})
	want := "  … Long" + clearLine + "  … Long 3.0s" + clearLine + "  ✓ Long"
	if !strings.HasPrefix(out.String(), want) || strings.Contains(out.String(), "3600") {
		t.Errorf("got %q, want %q first", &out, want)
	}
}

// The shell itself says what a quoted word is.
func TestQuote(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"", "plain", "--a=b", "two words", `{"a":1}`, "it's", `back\slash`, "$HOME", "a\nb", "*", "~"} {
		output, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", "printf %s "+quote(word)).Output()
		if err != nil || string(output) != word {
			t.Errorf("%q becomes %s, which a shell reads as %q (%v)", word, quote(word), output, err)
		}
	}
}
