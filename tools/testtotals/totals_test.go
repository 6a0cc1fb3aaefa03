package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/annex/tools/testevents"
)

const suiteXML = `<testsuites><testsuite name="a">
<testcase name="TestGood" time="0.1"></testcase>
<testcase name="TestSkipped"><skipped message="Skipped" type="">=== RUN   TestSkipped
    a_test.go:3: no user namespaces here
--- SKIP: TestSkipped (0.00s)
</skipped></testcase>
%s</testsuite></testsuites>`

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func testResult(target, status, xmlPath string) string {
	outputs := ""
	if xmlPath != "" {
		outputs = fmt.Sprintf(`{"name":"test.log","uri":"file:///nowhere"},{"name":"test.xml","uri":%q}`, (&url.URL{Scheme: "file", Path: xmlPath}).String())
	}
	return fmt.Sprintf(`{"id":{"testResult":{"label":%q}},"testResult":{"status":%q,"cachedLocally":true,"testActionOutput":[%s]}}`+"\n", target, status, outputs)
}

// The events of a target that was analyzed, and built or not.
const (
	testConfigured    = `{"id":{"targetConfigured":{"label":"//a"}},"configured":{"targetKind":"go_test rule","testSize":"MEDIUM"}}` + "\n"
	libraryConfigured = `{"id":{"targetConfigured":{"label":"//a"}},"configured":{"targetKind":"go_library rule"}}` + "\n"
	notAnalyzed       = `{"id":{"targetConfigured":{"label":"//a"}},"aborted":{"reason":"ANALYSIS_FAILURE"}}` + "\n"
	built             = `{"id":{"targetCompleted":{"label":"//a"}},"completed":{"success":true}}` + "\n"
	notBuilt          = `{"id":{"targetCompleted":{"label":"//a"}},"completed":{"failureDetail":{"message":"exit 1"}}}` + "\n"
	interrupted       = `{"id":{"targetCompleted":{"label":"//a"}},"aborted":{"reason":"USER_INTERRUPTED"}}` + "\n"
	incompatible      = `{"id":{"targetCompleted":{"label":"//a"}},"aborted":{"reason":"SKIPPED"}}` + "\n"
)

func TestTotals(t *testing.T) {
	t.Parallel()
	good := write(t, "test.xml", fmt.Sprintf(suiteXML, ""))
	bad := write(t, "test.xml", fmt.Sprintf(suiteXML, `<testcase name="TestBad"><failure message="Failed">x</failure></testcase>`))
	for name, tc := range map[string]struct {
		events string
		want   []string
	}{
		"good":              {events: `{"id":{"started":{}}}` + "\n" + testResult("//a", "PASSED", good), want: []string{"1 targets, 1 of them", "skipped //a TestSkipped: a_test.go:3: no user namespaces here", "\n1 passed, 0 failed, 1 skipped\n"}},
		"bad":               {events: testResult("//a", "FAILED", bad), want: []string{"failed //a TestBad", "\n1 passed, 1 failed, 1 skipped\n"}},
		"crashed":           {events: testResult("//a", "TIMEOUT", good), want: []string{"failed //a\n", "\n1 passed, 1 failed, 1 skipped\n"}},
		"shell":             {events: testResult("//a", "PASSED", ""), want: []string{"\n1 passed, 0 failed, 0 skipped\n"}},
		"built":             {events: testConfigured + built + testResult("//a", "PASSED", good), want: []string{"\n1 passed, 0 failed, 1 skipped\n"}},
		"not built":         {events: testConfigured + notBuilt, want: []string{"failed //a\n", "\n0 passed, 1 failed, 0 skipped\n"}},
		"not analyzed":      {events: notAnalyzed, want: []string{"failed //a\n", "\n0 passed, 1 failed, 0 skipped\n"}},
		"interrupted":       {events: testConfigured + interrupted, want: []string{"failed //a\n", "\n0 passed, 1 failed, 0 skipped\n"}},
		"other platforms'":  {events: testConfigured + incompatible, want: []string{"\n0 passed, 0 failed, 0 skipped\n"}},
		"library not built": {events: libraryConfigured + notBuilt, want: []string{"\n0 passed, 0 failed, 0 skipped\n"}},
		"nothing":           {events: "", want: []string{"0 targets", "\n0 passed, 0 failed, 0 skipped\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			results, err := testevents.Read(write(t, "events.json", tc.events))
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			sum(results).print(&b)
			for _, want := range tc.want {
				if !strings.Contains(b.String(), want) {
					t.Errorf("%q does not stand in\n%s", want, b.String())
				}
			}
		})
	}
}

func TestReadComplains(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{
		"no file":        filepath.Join(t.TempDir(), "missing"),
		"no JSON":        write(t, "events.json", "x"),
		"a report is no": write(t, "events.json", testResult("//a", "PASSED", write(t, "test.xml", "<x"))),
	} {
		if _, err := testevents.Read(path); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
}
