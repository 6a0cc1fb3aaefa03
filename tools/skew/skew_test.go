package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/annex/tools/testevents"
)

func TestCountEvents(t *testing.T) {
	t.Parallel()
	const events = `{"ImportPath":"a","Action":"build-output","Output":"x"}
{"Action":"pass","Package":"a","Test":"TestGood","Elapsed":0.1}
{"Action":"output","Package":"a","Test":"TestSkipped","Output":"=== RUN   TestSkipped\n"}
{"Action":"output","Package":"a","Test":"TestSkipped","Output":"    a_test.go:3: too old\n"}
{"Action":"output","Package":"a","Test":"TestSkipped","Output":"--- SKIP: TestSkipped (0.00s)\n"}
{"Action":"skip","Package":"a","Test":"TestSkipped","Elapsed":0}
{"Action":"pass","Package":"a","Elapsed":1.5}
{"Action":"fail","Package":"b","Test":"TestBad","Elapsed":0.1}
{"Action":"fail","Package":"b","Elapsed":2}
{"Action":"output","Package":"c","Output":"c does not build\n"}
{"Action":"fail","Package":"c","Elapsed":0}
`
	var log strings.Builder
	got, err := countEvents(strings.NewReader(events), &log)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]counts{
		"a": {passed: 1, skipped: map[string]int{"a_test.go:3: too old": 1}, took: 1500 * time.Millisecond},
		"b": {failed: 1, took: 2 * time.Second},
		"c": {failed: 1},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(counts{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if log.String() != "c does not build\n" {
		t.Errorf("the log is %q", log.String())
	}
	if _, err := countEvents(strings.NewReader("x"), &log); err == nil {
		t.Error("what is no JSON was taken")
	}
}

func TestCountTargets(t *testing.T) {
	t.Parallel()
	got := countTargets([]testevents.Result{
		{Target: "//a", Passed: true, Duration: time.Second, Cases: []testevents.Case{{Name: "TestGood"}, {Name: "TestSkipped", Skipped: &testevents.Message{Message: "too old"}}}},
		{Target: "//b", Cases: []testevents.Case{{Name: "TestGood"}, {Name: "TestBad", Failure: []testevents.Message{{}}}}},
		{Target: "//c"},
	})
	want := map[string]counts{
		"//a": {passed: 1, skipped: map[string]int{"too old": 1}, took: time.Second},
		"//b": {passed: 1, failed: 1},
		"//c": {failed: 1},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(counts{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	var tab table
	if !tab.failed() {
		t.Error("no version, and all is well")
	}
	tab.add("1.36", map[string]counts{"//a": {passed: 1, skipped: map[string]int{"too old": 2}, took: time.Second}})
	tab.add("1.37", map[string]counts{"//a": {passed: 3, took: 2 * time.Second}, "//b": {passed: 1}})
	var got strings.Builder
	if err := tab.print(&got); err != nil {
		t.Fatal(err)
	}
	const want = `| Suite | Kubernetes 1.36 | Kubernetes 1.37 |
| --- | --- | --- |
| //a | 1 passed, 0 failed, 2 skipped, 1 s | 3 passed, 0 failed, 0 skipped, 2 s |
| //b | did not run | 1 passed, 0 failed, 0 skipped, 0 s |
| all | 1 passed, 0 failed, 2 skipped, 1 s | 4 passed, 0 failed, 0 skipped, 2 s |

Skipped on 1.36:
- 2, too old
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if tab.failed() {
		t.Error("nothing failed")
	}
	tab.add("1.38", nil)
	if !tab.failed() {
		t.Error("nothing ran on 1.38")
	}
}
