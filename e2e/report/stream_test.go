package report_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/e2e-framework/pkg/env"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/report"
	"example.com/annex/e2e/step"
	"example.com/annex/e2e/trace"
)

// announcing is the environment variable that makes this test binary the process that TestFollow follows.
const announcing = "ANNEX_REPORT_ANNOUNCING"

func TestMain(m *testing.M) {
	if how := os.Getenv(announcing); how != "" {
		testing.Main(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{
			{Name: "announced", F: func(t *testing.T) { announced(t, how) }},
		}, nil, nil) // Exits.
	}
	os.Exit(m.Run())
}

// announced is run in another process.
func announced(t *testing.T, how string) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close) // Parallel tests outlive this function.
	r := report.Report{Announce: true}
	testenv := env.New()
	labelled := func(area string) *features.FeatureBuilder {
		return features.New("sites "+area).WithLabel(report.LabelResource, "sites.v1.example.com").WithLabel(report.LabelArea, area)
	}
	t.Run("one", func(t *testing.T) {
		t.Parallel()
		testenv.Test(t, r.Feature(labelled("Watch").
			Assess("passes", step.Do(func(_ context.Context, t *testing.T) { t.Log("well") })).
			Assess("fails", step.Do(func(ctx context.Context, t *testing.T) {
				client := &http.Client{Transport: trace.FromContext(ctx).Wrap(http.DefaultTransport)}
				response, err := client.Get(server.URL + "/asked")
				if err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
				t.Errorf("one\ntwo")
			})).
			Assess("skips", step.Do(func(ctx context.Context, t *testing.T) { report.Skip(ctx, t, "of the weather") })).
			Feature()))
	})
	t.Run("two", func(t *testing.T) {
		t.Parallel()
		testenv.Test(t, r.Feature(labelled("Access").
			Setup(step.Do(func(_ context.Context, t *testing.T) { t.Fatal("no way in") })).
			Assess("never runs", step.Do(func(_ context.Context, t *testing.T) { t.Error("it ran") })).
			Feature()))
	})
	if how == "panic" {
		t.Run("three", func(t *testing.T) {
			testenv.Test(t, r.Feature(labelled("Get").
				Assess("panics", step.Do(func(context.Context, *testing.T) { panic("the sky falls") })).
				Feature()))
		})
	}
}

func follow(t *testing.T, how string) (*report.Report, string, []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v=test2json")
	cmd.Env = append(os.Environ(), announcing+"="+how)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var r report.Report
	var told []string
	rest, err := r.Follow(stdout, report.Progress{
		Begun: func(s report.Subject) { told = append(told, "begun "+s.Assessment) },
		Ended: func(o report.Outcome) { told = append(told, string(o.Result)+" "+o.Assessment) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the process passed")
	}
	return &r, rest + stderr.String(), told
}

func TestFollow(t *testing.T) {
	t.Parallel()
	r, _, told := follow(t, "fail")
	d := r.Document("followed")
	if got, want := d.Summary, (report.Summary{Passed: 1, Failed: 2, Skipped: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, o := range d.Assessments {
		switch o.Assessment {
		case "passes":
			if !strings.Contains(o.Output, "well") {
				t.Errorf("it logged %q", o.Output)
			}
		case "fails":
			if !strings.Contains(o.Output, ": one\n    two\n") || strings.HasPrefix(o.Output, " ") {
				t.Errorf("it logged %q", o.Output)
			}
			if len(o.Exchanges) != 1 || o.Exchanges[0].URI != "/asked" || o.Exchanges[0].Status != http.StatusNotFound {
				t.Errorf("it asked %v", o.Exchanges)
			}
		case "skips":
			if o.Reason != "of the weather" {
				t.Errorf("the reason is %q", o.Reason)
			}
		default:
			if o.Area != "Access" || !strings.Contains(o.Output, "no way in") {
				t.Errorf("a set-up that fails: %+v", o)
			}
		}
	}
	for _, want := range []string{"begun fails", "failed fails", "passed passes"} {
		if !slices.Contains(told, want) {
			t.Errorf("told %v, not %q", told, want)
		}
	}
}

func TestFollowAPanic(t *testing.T) {
	t.Parallel()
	r, rest, told := follow(t, "panic")
	if !strings.Contains(rest, "the sky falls") {
		t.Errorf("the panic is lost: %q", rest)
	}
	if !r.Failed() || !slices.Contains(told, "failed panics") {
		t.Errorf("what panicked is not told of: %v", told)
	}
}
