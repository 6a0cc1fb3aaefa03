package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// The elements of JUnit XML that CI systems read: https://github.com/testmoapp/junitxml. A suite is an area of a resource.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Errors    int         `xml:"errors,attr"`
		Skipped   int         `xml:"skipped,attr"`
		Time      string      `xml:"time,attr"`
		Timestamp string      `xml:"timestamp,attr,omitempty"`
		Cases     []junitCase `xml:"testcase"`
		seconds   float64
	}
	junitCase struct {
		Name      string       `xml:"name,attr"`
		Classname string       `xml:"classname,attr"`
		Time      string       `xml:"time,attr"`
		Failure   *junitResult `xml:"failure"`
		Error     *junitResult `xml:"error"`
		Skipped   *junitResult `xml:"skipped"`
	}
	junitResult struct {
		Message string `xml:"message,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes the document as JUnit XML. What was cut short is an error there.
func (d Document) WriteJUnit(w io.Writer) error {
	all := junitSuites{
		Name: d.Title, Tests: d.Summary.total(), Failures: d.Summary.Failed, Errors: d.Summary.Unfinished, Skipped: d.Summary.Skipped,
		Time: seconds(d.Seconds),
	}
	for _, o := range d.Assessments {
		name := strings.TrimSpace(o.Resource + " " + o.Area)
		if name == "" {
			name = d.Title
		}
		if last := len(all.Suites) - 1; last < 0 || all.Suites[last].Name != name {
			all.Suites = append(all.Suites, junitSuite{Name: name, Timestamp: d.Started.Format(time.RFC3339)})
		}
		all.Suites[len(all.Suites)-1].add(o)
	}
	if d.Error != "" {
		all.Tests, all.Errors = all.Tests+1, all.Errors+1
		all.Suites = append(all.Suites, junitSuite{
			Name: d.Title, Tests: 1, Errors: 1, Time: seconds(0),
			Cases: []junitCase{{Name: "the run ends by itself", Classname: d.Title, Time: seconds(0), Error: &junitResult{Message: d.Error}}},
		})
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("writing the report as JUnit XML: %w", err)
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return fmt.Errorf("writing the report as JUnit XML: %w", err)
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return fmt.Errorf("writing the report as JUnit XML: %w", err)
	}
	return nil
}

func (s *junitSuite) add(o Outcome) {
	c := junitCase{Name: o.Assessment, Classname: o.Feature, Time: seconds(o.Seconds)}
	s.Tests++
	s.seconds += o.Seconds
	s.Time = seconds(s.seconds)
	switch o.Result {
	case Failed:
		s.Failures++
		c.Failure = &junitResult{Message: firstLine(o.Output), Text: o.facts()}
	case Unfinished:
		s.Errors++
		c.Error = &junitResult{Message: o.Reason, Text: o.facts()}
	case Skipped:
		s.Skipped++
		c.Skipped = &junitResult{Message: o.Reason}
	}
	s.Cases = append(s.Cases, c)
}

// seconds has all that matters.
func seconds(s float64) string { return fmt.Sprintf("%.3f", s) }

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
