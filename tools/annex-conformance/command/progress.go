package command

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/annex/e2e/report"
)

// progress tells somebody who waits what is done. On a terminal that is a line which is rewritten; elsewhere it is nothing, unless
// it is asked for.
type progress struct {
	out io.Writer
	// width is that of the terminal, 0 where there is none.
	width   int
	verbose bool

	mu      sync.Mutex
	started time.Time
	doing   string
	running []report.Subject
	ended   report.Summary
	shown   bool
	stop    chan struct{}
	done    sync.WaitGroup
}

const (
	// quiet is how long nothing is said: a person begins to wonder after that.
	quiet = 2 * time.Second
	// refresh is how often the line is rewritten.
	refresh   = 500 * time.Millisecond
	clearLine = "\r\x1b[K"
)

// begin starts it.
func (p *progress) begin(doing string) {
	p.started, p.doing, p.stop = time.Now(), doing, make(chan struct{})
	if p.width == 0 {
		return
	}
	p.done.Go(func() {
		ticker := time.NewTicker(refresh)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				p.show()
			case <-p.stop:
				return
			}
		}
	})
}

// end takes the line away.
func (p *progress) end() {
	close(p.stop)
	p.done.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

// say changes what is done.
func (p *progress) say(doing string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doing = doing
}

func (p *progress) clear() {
	if p.shown {
		_, _ = io.WriteString(p.out, clearLine) // Nobody needs it who is not there.
		p.shown = false
	}
}

// clearNow makes room for what is printed.
func (p *progress) clearNow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *progress) show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	elapsed := time.Since(p.started)
	if elapsed < quiet {
		return
	}
	line := fmt.Sprintf("%s, %.0f s", p.doing, elapsed.Seconds())
	if n := p.ended.Passed + p.ended.Failed + p.ended.Skipped + p.ended.Unfinished; n > 0 {
		line += fmt.Sprintf(": %d done, %d failed", n, p.ended.Failed)
	}
	if len(p.running) > 0 {
		longest := p.running[0]
		line += fmt.Sprintf("; %s: %s", longest.Area, longest.Assessment)
		if more := len(p.running) - 1; more > 0 {
			line += fmt.Sprintf(" and %d more", more)
		}
	}
	if runes := []rune(line); len(runes) >= p.width {
		line = string(runes[:p.width-1])
	}
	_, _ = io.WriteString(p.out, clearLine+line)
	p.shown = true
}

// of is what the runner tells.
func (p *progress) of() report.Progress {
	return report.Progress{
		Begun: func(s report.Subject) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.running = append(p.running, s)
		},
		Ended: func(o report.Outcome) {
			p.mu.Lock()
			defer p.mu.Unlock()
			if at := slices.Index(p.running, o.Subject); at >= 0 {
				p.running = slices.Delete(p.running, at, at+1)
			}
			switch o.Result {
			case report.Passed:
				p.ended.Passed++
			case report.Failed:
				p.ended.Failed++
			case report.Skipped:
				p.ended.Skipped++
			case report.Unfinished:
				p.ended.Unfinished++
			}
			if p.verbose {
				p.clear()
				about := strings.TrimSpace(o.Resource + " " + o.Area)
				_, _ = fmt.Fprintf(p.out, "%-10s %s: %s (%.2f s)\n", o.Result, about, o.Assessment, o.Seconds)
			}
		},
	}
}
