package report

import "example.com/annex/e2e/trace"

// The labels by which a feature says where in the table it belongs. A feature without them is counted, and is in no table.
const (
	// LabelResource is the resource under test, as RESOURCE.VERSION.GROUP: sites.v1.topology.example.com.
	LabelResource = "resource"
	// LabelArea is what of the resource the feature is about: Watch.
	LabelArea = "area"
	// LabelClaimed is "false" where the resource claims nothing of the area, and the feature checks that there is nothing.
	LabelClaimed = "claimed"
)

// Result is what became of an assessment.
type Result string

const (
	// Passed is an assessment that found all as it should be.
	Passed Result = "passed"
	// Failed is one that did not.
	Failed Result = "failed"
	// Skipped is one that made no sense here; its reason says why.
	Skipped Result = "skipped"
	// Unfinished is one that the end of the run cut short: nothing is known.
	Unfinished Result = "unfinished"
)

// Subject names an assessment.
type Subject struct {
	// Resource and Area are the labels of its feature, empty where it has none.
	Resource string `json:"resource,omitempty"`
	Area     string `json:"area,omitempty"`
	// NotClaimed is true where the resource claims nothing of the area, and it is checked that there is nothing.
	NotClaimed bool `json:"notClaimed,omitempty"`
	// Feature and Assessment are their names. For what belongs to no assessment, such as the set-up of a feature,
	// Assessment says so.
	Feature    string `json:"feature,omitempty"`
	Assessment string `json:"assessment"`
}

// Outcome is an assessment and what became of it.
type Outcome struct {
	Subject
	// Test is the assessment's name as a Go test.
	Test   string `json:"test"`
	Result Result `json:"result"`
	// Reason is why it was skipped.
	Reason string `json:"reason,omitempty"`
	// Output is what it logged: of a failure, what was expected and what came instead.
	Output string `json:"output,omitempty"`
	// Exchanges are what a failed assessment asked of the cluster last, oldest first.
	Exchanges []trace.Exchange `json:"exchanges,omitempty"`
	// Seconds is how long it took.
	Seconds float64 `json:"seconds"`
}
