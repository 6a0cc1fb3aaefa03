package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// outcome is what is told about a step that has ended.
type outcome struct {
	// Section is the part of the walk-through that the step belongs to.
	Section string `json:"section"`
	// Step is a name that does not change: "apiservice".
	Step string `json:"step"`
	// Title is what a person reads.
	Title string `json:"title"`
	// OK is false for the step that failed.
	OK bool `json:"ok"`
	// Seconds is how long it took.
	Seconds float64 `json:"seconds"`
	// Commands repeat the step by hand.
	Commands []string `json:"commands,omitempty"`
	// Output is what the commands said, where it is worth reading.
	Output string `json:"output,omitempty"`
	// Error is why it failed.
	Error string `json:"error,omitempty"`
}

// report is where the demo says what it does.
type report interface {
	// section begins a part.
	section(title string)
	// begin says that a step was begun.
	begin(title string)
	// end says how it ended.
	end(outcome)
	// say adds lines for a person.
	say(lines ...string)
	// result says, last of all, what there is now.
	result(result)
}

// result is what the demo ends with, or stays up with.
type result struct {
	Result string `json:"result"` // "up", "done" or "failed"
	// Seconds since the start of the demo.
	Seconds float64 `json:"seconds"`
	// AvailableSeconds is when the APIService was Available.
	AvailableSeconds float64 `json:"availableSeconds,omitempty"`
	// Versions of the programs, by name.
	Versions map[string]string `json:"versions,omitempty"`
	// Kubeconfig is for kubectl, while the demo is up.
	Kubeconfig string `json:"kubeconfig,omitempty"`
	// Error is why it failed.
	Error string `json:"error,omitempty"`
	// Logs is where the logs are.
	Logs string `json:"logs,omitempty"`
}

func newReport(options options, out io.Writer) report {
	if options.json {
		return &jsonReport{out: json.NewEncoder(out)}
	}
	r := &textReport{out: out}
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		r.terminal = true
		// https://no-color.org
		r.color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	return r
}

type jsonReport struct {
	out *json.Encoder
}

func (r *jsonReport) section(string)  {}
func (r *jsonReport) begin(string)    {}
func (r *jsonReport) say(...string)   {}
func (r *jsonReport) end(o outcome)   { r.write(o) }
func (r *jsonReport) result(v result) { r.write(v) }
func (r *jsonReport) write(value any) { _ = r.out.Encode(value) } // A reader who has left needs no report.

// textReport is for a person. A step that takes long is shown while it runs.
type textReport struct {
	out             io.Writer
	terminal, color bool

	mu      sync.Mutex
	running *time.Ticker
	stopped chan struct{}
}

const (
	// longStep is when a person begins to wonder.
	longStep = 2 * time.Second

	green, red, dim, bold, plain = "\x1b[32m", "\x1b[31m", "\x1b[2m", "\x1b[1m", "\x1b[0m"
	clearLine                    = "\r\x1b[K"
)

func (r *textReport) paint(color, text string) string {
	if !r.color {
		return text
	}
	return color + text + plain
}

func (r *textReport) section(title string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.out, "\n%s\n", r.paint(bold, title))
}

func (r *textReport) begin(title string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.terminal {
		fmt.Fprintf(r.out, "  … %s", title)
	}
	started := time.Now()
	interval := longStep
	if r.terminal {
		interval = time.Second
	}
	ticker, stopped := time.NewTicker(interval), make(chan struct{})
	r.running, r.stopped = ticker, stopped
	go func() {
		for {
			select {
			case <-ticker.C:
				r.progress(stopped, title, time.Since(started))
			case <-stopped:
				return
			}
		}
	}()
}

// progress shows a step that still runs.
func (r *textReport) progress(stopped <-chan struct{}, title string, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-stopped:
		return // It ended while this waited for its turn.
	default:
	}
	if r.terminal {
		fmt.Fprintf(r.out, "%s  … %s %s", clearLine, title, r.paint(dim, seconds(took.Truncate(time.Second))))
		return
	}
	fmt.Fprintf(r.out, "  … %s (%s so far)\n", title, seconds(took))
}

func (r *textReport) end(o outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running != nil {
		r.running.Stop()
		close(r.stopped)
		r.running = nil
	}
	mark := r.paint(green, "✓")
	if !o.OK {
		mark = r.paint(red, "✗")
	}
	if r.terminal {
		fmt.Fprint(r.out, clearLine)
	}
	fmt.Fprintf(r.out, "  %s %-62s %7s\n", mark, o.Title, seconds(time.Duration(o.Seconds*float64(time.Second))))
	for _, command := range o.Commands {
		fmt.Fprintln(r.out, r.paint(dim, indent("      $ ", "        ", command)))
	}
	if o.Output != "" {
		fmt.Fprintln(r.out, indent("      ", "      ", o.Output))
	}
}

func (r *textReport) say(lines ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, line := range lines {
		fmt.Fprintln(r.out, line)
	}
}

func (r *textReport) result(result) {}

// seconds is a duration as a person reads it: 45ms, 1.2s.
func seconds(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return fmt.Sprintf("%.1fs", d.Seconds())
}

func indent(first, rest, text string) string {
	var indented strings.Builder
	prefix := first
	for line := range strings.Lines(text) {
		indented.WriteString(strings.TrimRight(prefix+line, " \n") + "\n")
		prefix = rest
	}
	return strings.TrimRight(indented.String(), "\n")
}
