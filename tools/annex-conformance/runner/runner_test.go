package runner

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"example.com/annex/e2e/conformance/claims"
	"example.com/annex/e2e/report"
)

func plan() Plan {
	return Plan{Kubeconfig: "k", Run: "r", Parallel: 2, Feature: "/Watches$", Claims: claims.New(claims.Claim{
		Name: "tokens.v1.example.com", Kind: "Token", Singular: "token", Verbs: []string{"get", "list", "watch"}, Existing: "one",
	})}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	features, err := plan().Features()
	if err != nil {
		t.Fatal(err)
	}
	selected := map[string]bool{}
	for _, f := range features {
		if f.Selected {
			selected[f.Name] = true
		}
		if f.Name == "tokens.v1.example.com/Patches" && f.Claimed {
			t.Error("what can't be patched claims patches")
		}
	}
	if len(selected) != 1 || !selected["tokens.v1.example.com/Watches"] {
		t.Errorf("%v are selected, want the watches alone", selected)
	}
	var r report.Report
	if err := plan().Announce(&r); err != nil {
		t.Fatal(err)
	}
	if d := r.Document("x"); len(d.Areas) != len(features) || len(d.Resources) != 1 {
		t.Errorf("the table has %d rows and the columns %v, want %d rows and one column", len(d.Areas), d.Resources, len(features))
	}
	wrong := plan()
	wrong.Feature = "("
	if _, err := wrong.Features(); err == nil || !strings.Contains(err.Error(), "--feature") {
		t.Errorf("an expression that is none: %v", err)
	}
}

func TestPlanIsHandedOver(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/plan"
	if err := plan().write(file); err != nil {
		t.Fatal(err)
	}
	got, err := readPlan(file)
	if err != nil || got.Feature != plan().Feature || len(got.Claims.Resources) != 1 || got.Claims.Resources[0].Existing != "one" {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := readPlan(file + "-not"); err == nil {
		t.Error("a plan that is not there was read")
	}
}

func TestUntilInputEnds(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{"interrupted": "interrupted", "": "the program that started the run is gone"} {
		read, write := io.Pipe()
		ctx := untilInputEnds(read)
		if err := ctx.Err(); err != nil {
			t.Errorf("before the end: %v", err)
		}
		if _, err := io.WriteString(write, said); err != nil {
			t.Fatal(err)
		}
		if err := write.Close(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Second):
			t.Fatal("it goes on")
		}
		if got := context.Cause(ctx).Error(); got != want {
			t.Errorf("the cause is %q, want %q", got, want)
		}
	}
}

func TestLastLines(t *testing.T) {
	t.Parallel()
	if got := lastLines("noise\npanic: x\n" + strings.Repeat("goroutine\n", 100)); !strings.HasPrefix(got, "panic: x\n") || strings.Count(got, "\n") > 50 {
		t.Errorf("got %q", got)
	}
}
