package doctor_test

import (
	"encoding/json"
	"strings"
	"testing"

	"example.com/annex/tools/annex/doctor"
)

// What is found on a real cluster, e2e/doctor tests.

func report() doctor.Report {
	return doctor.Report{Diagnoses: []doctor.Diagnosis{
		{APIService: "v1.apps", Local: true, Findings: []doctor.Finding{{Link: doctor.LinkAPIService, Status: doctor.OK, Detail: "local"}}},
		{APIService: "v1.ships.example.com", Wrong: doctor.LinkService, Findings: []doctor.Finding{
			{Link: doctor.LinkAPIService, Status: doctor.OK, Detail: "leads to Service harbour/ships"},
			{Link: doctor.LinkService, Status: doctor.Wrong, Detail: "there is none,\nand was none", Mend: "kubectl x", Advice: "or y"},
			{Link: doctor.LinkEndpoints, Status: doctor.NotChecked, Detail: "because Service is wrong"},
			{Link: doctor.LinkReach, Status: doctor.Wrong, Detail: "down", Advice: "start it"},
		}},
	}}
}

func TestWriteText(t *testing.T) {
	t.Parallel()
	const want = `v1.apps: local, served by kube-apiserver itself
  APIService      ok           local

v1.ships.example.com: Service is wrong
  APIService      ok           leads to Service harbour/ships
  Service         WRONG        there is none,
                               and was none
                        mend:  kubectl x
                        note:  or y
  endpoints       not checked  because Service is wrong
  reachable       WRONG        down
                        mend:  start it
`
	var b strings.Builder
	if err := report().WriteText(&b, false); err != nil {
		t.Fatal(err)
	}
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	b.Reset()
	if err := report().WriteText(&b, true); err != nil {
		t.Fatal(err)
	}
	plain := b.String()
	for _, escape := range []string{"\x1b[32m", "\x1b[1;31m", "\x1b[33m", "\x1b[1m", "\x1b[0m"} {
		if !strings.Contains(plain, escape) {
			t.Errorf("%q is missing", escape)
		}
		plain = strings.ReplaceAll(plain, escape, "")
	}
	if plain != want {
		t.Errorf("without the colours it is\n%s\nwant\n%s", plain, want)
	}
}

func TestWriteJSON(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := report().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var back doctor.Report
	if err := json.Unmarshal([]byte(b.String()), &back); err != nil {
		t.Fatal(err)
	}
	if first := back.Diagnoses[1].FirstWrong(); first == nil || first.Link != doctor.LinkService || first.Mend != "kubectl x" {
		t.Errorf("the first that is wrong came back as %+v", first)
	}
	if back.Diagnoses[0].FirstWrong() != nil {
		t.Error("in what is local, something is wrong")
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	if r := report(); !r.Wrong() || r.Blind() {
		t.Errorf("wrong: %t, blind: %t, want wrong alone", r.Wrong(), r.Blind())
	}
	blind := doctor.Report{Diagnoses: []doctor.Diagnosis{{Findings: []doctor.Finding{{Link: doctor.LinkAPIService, Status: doctor.NotChecked}}}}}
	if blind.Wrong() || !blind.Blind() {
		t.Errorf("wrong: %t, blind: %t, want blind alone", blind.Wrong(), blind.Blind())
	}
}
