package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// APIVersion and Kind are those of a [Document]. Within a version, fields are added and none changes its meaning.
const (
	APIVersion = "conformance.annex.example.com/v1"
	Kind       = "Report"
)

// Document is a run, to be written as JSON.
type Document struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Title says what was tried where: "apiservice v1.topology.example.com".
	Title string `json:"title"`
	// Server is the cluster's address, and ServerVersion what it says of itself: v1.37.2. Either may be empty.
	Server        string `json:"server,omitempty"`
	ServerVersion string `json:"serverVersion,omitempty"`
	// Run is the value of the label annex-e2e-run on the namespaces of the run. Empty for a suite.
	Run string `json:"run,omitempty"`
	// Started is when the run began, and Seconds how long it took.
	Started time.Time `json:"started"`
	Seconds float64   `json:"seconds"`
	// Result is Failed if anything failed, else Unfinished if anything was cut short or the run did not end by itself, else
	// Passed.
	Result Result `json:"result"`
	// Error is why a run did not end by itself.
	Error   string  `json:"error,omitempty"`
	Summary Summary `json:"summary"`
	// Resources are the columns of the table, as RESOURCE.VERSION.GROUP.
	Resources []string `json:"resources"`
	// Areas are its rows.
	Areas []Area `json:"areas"`
	// NotTried are resources that could not be tried, each with the reason.
	NotTried []NotTried `json:"notTried,omitempty"`
	// Assessments are all there were, by resource, area and feature, in the order in which they ran.
	Assessments []Outcome `json:"assessments"`
}

// NotTried is a resource that could not be tried.
type NotTried struct {
	Resource string `json:"resource"`
	Reason   string `json:"reason"`
}

// Area is a row of the table.
type Area struct {
	Name string `json:"name"`
	// Cells has one for each of the document's resources, in their order.
	Cells []Cell `json:"cells"`
}

// Cell is what a resource came to in an area.
type Cell struct {
	Resource string `json:"resource"`
	State    State  `json:"state"`
	Summary
}

// State is what a cell says.
type State string

const (
	// StatePassed is an area in which nothing failed, and something passed.
	StatePassed State = "passed"
	// StateFailed is one in which something failed.
	StateFailed State = "failed"
	// StateSkipped is one in which everything was skipped.
	StateSkipped State = "skipped"
	// StateUnfinished is one that was cut short before anything failed.
	StateUnfinished State = "unfinished"
	// StateNotRun is one that is claimed and was not run, because others were selected, or the run ended before.
	StateNotRun State = "notRun"
	// StateNotClaimed is one of which the resource claims nothing, and has nothing as far as that was checked.
	StateNotClaimed State = "notClaimed"
)

// Summary counts assessments.
type Summary struct {
	Passed     int `json:"passed"`
	Failed     int `json:"failed"`
	Skipped    int `json:"skipped"`
	Unfinished int `json:"unfinished"`
}

func (s Summary) total() int { return s.Passed + s.Failed + s.Skipped + s.Unfinished }

func summarize(outcomes []Outcome) Summary {
	var s Summary
	for _, o := range outcomes {
		switch o.Result {
		case Passed:
			s.Passed++
		case Failed:
			s.Failed++
		case Skipped:
			s.Skipped++
		case Unfinished:
			s.Unfinished++
		}
	}
	return s
}

// Document is the run so far.
func (r *Report) Document(title string) Document {
	r.mu.Lock()
	defer r.mu.Unlock()
	d := Document{
		APIVersion:  APIVersion,
		Kind:        Kind,
		Title:       title,
		Started:     r.started.UTC().Truncate(time.Second),
		Summary:     summarize(r.outcomes),
		Resources:   []string{},
		Areas:       []Area{},
		Assessments: slices.Clone(r.outcomes),
	}
	if !r.started.IsZero() {
		d.Seconds = time.Since(r.started).Seconds()
	}
	// In the order of the plan; what is not in it comes after, by name.
	subjects := slices.Clone(r.planned)
	for _, o := range r.outcomes {
		subjects = append(subjects, o.Subject)
	}
	slices.SortFunc(subjects[len(r.planned):], func(a, b Subject) int {
		return strings.Compare(a.Resource+" "+a.Area, b.Resource+" "+b.Area)
	})
	var areas []string
	for _, s := range subjects {
		if s.Resource == "" || s.Area == "" {
			continue
		}
		if !slices.Contains(d.Resources, s.Resource) {
			d.Resources = append(d.Resources, s.Resource)
		}
		if !slices.Contains(areas, s.Area) {
			areas = append(areas, s.Area)
		}
	}
	for _, area := range areas {
		row := Area{Name: area}
		for _, resource := range d.Resources {
			row.Cells = append(row.Cells, r.cell(resource, area))
		}
		d.Areas = append(d.Areas, row)
	}
	place := func(s Subject) int {
		return slices.Index(d.Resources, s.Resource)*(len(areas)+1) + slices.Index(areas, s.Area)
	}
	slices.SortStableFunc(d.Assessments, func(a, b Outcome) int {
		if byPlace := place(a.Subject) - place(b.Subject); byPlace != 0 {
			return byPlace
		}
		return strings.Compare(a.Feature, b.Feature)
	})
	switch {
	case slices.ContainsFunc(r.outcomes, func(o Outcome) bool { return o.Result == Failed || o.Result == Skipped && o.Reason == "" }):
		d.Result = Failed
	case d.Summary.Unfinished > 0:
		d.Result = Unfinished
	default:
		d.Result = Passed
	}
	return d
}

// cell counts what a resource came to in an area.
func (r *Report) cell(resource, area string) Cell {
	here := func(s Subject) bool { return s.Resource == resource && s.Area == area }
	c := Cell{Resource: resource, State: StateNotClaimed}
	if slices.ContainsFunc(r.planned, func(s Subject) bool { return here(s) && !s.NotClaimed }) {
		c.State = StateNotRun
	}
	var outcomes []Outcome
	for _, o := range r.outcomes {
		if here(o.Subject) {
			outcomes = append(outcomes, o)
		}
	}
	c.Summary = summarize(outcomes)
	switch {
	case c.Failed > 0:
		c.State = StateFailed
	case c.Unfinished > 0:
		c.State = StateUnfinished
	case c.Passed > 0 && outcomes[0].NotClaimed:
		c.State = StateNotClaimed
	case c.Passed > 0:
		c.State = StatePassed
	case c.Skipped > 0:
		c.State = StateSkipped
	}
	return c
}

// WriteJSON writes the document as JSON, indented.
func (d Document) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(d); err != nil {
		return fmt.Errorf("writing the report as JSON: %w", err)
	}
	return nil
}
