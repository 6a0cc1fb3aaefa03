package rotation_test

import (
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/annex/shared/certs/rotation"
)

// clock is a time that a test sets.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func options(c *clock) rotation.Options {
	return rotation.Options{
		Namespace: "annex-system", Secret: "capacity-certificates", Authority: "capacity",
		Names:             []string{"capacity.annex-system.svc"},
		Service:           "capacity",
		AuthorityValidity: 300 * time.Hour, ServingValidity: 90 * time.Hour, Propagation: time.Hour,
		Now: c.Now,
	}
}

// trusted fails the test where what is served can't be verified with the bundle.
func trusted(t *testing.T, c *clock, bundle []byte, s *rotation.State) {
	t.Helper()
	serving, err := s.Serving.TLS()
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	_, err = serving.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "capacity.annex-system.svc", CurrentTime: c.now})
	if err != nil {
		t.Errorf("at %s: %v", c.now.Sub(start), err)
	}
}

// A life of three authorities, a quarter of an hour at a time, in which kube-apiserver hears of each bundle half an hour late.
func TestStep(t *testing.T) {
	t.Parallel()
	c := &clock{start}
	o := options(c)
	state, err := rotation.NewState(o)
	if err != nil {
		t.Fatal(err)
	}
	known, since := state.Bundle(), c.now
	var did []string
	for c.now.Sub(start) < 610*time.Hour {
		trusted(t, c, known, state)
		if c.now.Sub(since) >= 30*time.Minute {
			known = state.Bundle()
		}
		next, done, err := state.Step(o, c.now.Sub(since))
		if err != nil {
			t.Fatal(err)
		}
		if next != state {
			if due := state.Due(o, since); due.After(c.now) {
				t.Errorf("%s was done at %s, before it was due at %s", done, c.now.Sub(start), due.Sub(start))
			}
			if string(next.Bundle()) != string(state.Bundle()) {
				since = c.now
			}
			did = append(did, c.now.Sub(start).String()+" "+done)
			state = next
		}
		c.now = c.now.Add(15 * time.Minute)
	}
	want := []string{
		"60h0m0s renewed the serving certificate",
		"120h0m0s renewed the serving certificate",
		"180h0m0s renewed the serving certificate",
		"200h0m0s introduced the next authority",
		"201h0m0s serving a certificate of the next authority",
		"202h0m0s dropped the previous authority",
		"261h0m0s renewed the serving certificate",
		"321h0m0s renewed the serving certificate",
		"381h0m0s renewed the serving certificate",
		"400h0m0s introduced the next authority",
		"401h0m0s serving a certificate of the next authority",
		"402h0m0s dropped the previous authority",
		"461h0m0s renewed the serving certificate",
		"521h0m0s renewed the serving certificate",
		"581h0m0s renewed the serving certificate",
		"600h0m0s introduced the next authority",
		"601h0m0s serving a certificate of the next authority",
		"602h0m0s dropped the previous authority",
	}
	if !slices.Equal(did, want) {
		t.Errorf("got %q, want %q", did, want)
	}
}

// A caBundle that can't be set must not end in a certificate that nobody verifies, as long as the authority lives.
func TestStepWithoutBundle(t *testing.T) {
	t.Parallel()
	c := &clock{start}
	o := options(c)
	state, err := rotation.NewState(o)
	if err != nil {
		t.Fatal(err)
	}
	known := state.Bundle()
	for c.now.Sub(start) < 300*time.Hour {
		trusted(t, c, known, state)
		if due := state.Due(o, time.Time{}); !due.After(c.now) {
			next, _, err := state.Step(o, 0)
			if err != nil {
				t.Fatal(err)
			}
			if next == state {
				t.Fatalf("at %s: due since %s, and nothing was done: a controller would turn without end", c.now.Sub(start), due.Sub(start))
			}
			state = next
		}
		c.now = c.now.Add(15 * time.Minute)
	}
}

func TestStepOnStart(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		later   time.Duration
		change  func(*rotation.Options)
		want    string
		replace bool
	}{
		"nothing to do":       {later: time.Hour},
		"after a long sleep":  {later: 301 * time.Hour, want: "replaced an authority that had expired", replace: true},
		"certificate ran out": {later: 100 * time.Hour, want: "renewed the serving certificate"},
		"a name is missing":   {change: func(o *rotation.Options) { o.Names = append(o.Names, "b.annex-system.svc") }, want: "issued a serving certificate that is good for [b.annex-system.svc], too"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &clock{start}
			o := options(c)
			state, err := rotation.NewState(o)
			if err != nil {
				t.Fatal(err)
			}
			c.now = c.now.Add(tc.later)
			if tc.change != nil {
				tc.change(&o)
			}
			next, done, err := state.Step(o, tc.later)
			if err != nil {
				t.Fatal(err)
			}
			if done != tc.want || (next == state) != (tc.want == "") {
				t.Errorf("got %q, want %q", done, tc.want)
			}
			if replaced := string(next.Bundle()) != string(state.Bundle()); replaced != tc.replace {
				t.Errorf("another authority: %t, want %t", replaced, tc.replace)
			}
		})
	}
}

// Two replicas in the middle of a rollout, each with its own names, come to rest with the names of both; the next renewal has
// those of whoever renews, and at most one more follows.
func TestNamesOfTwoReplicas(t *testing.T) {
	t.Parallel()
	c := &clock{start}
	one, other := options(c), options(c)
	one.Names = []string{"capacity.annex-system.svc", "capacity.annex-system.svc.old.local"}
	other.Names = []string{"capacity.annex-system.svc", "capacity.annex-system.svc.new.local"}
	state, err := rotation.NewState(one)
	if err != nil {
		t.Fatal(err)
	}
	// settle lets both look at the state in turn until neither has anything to do.
	settle := func(want ...string) {
		t.Helper()
		var did []string
		for idle := 0; idle < 2; {
			for _, o := range []rotation.Options{other, one} {
				next, done, err := state.Step(o, 0)
				if err != nil {
					t.Fatal(err)
				}
				idle++
				if next != state {
					did, state, idle = append(did, done), next, 0
				}
				if len(did) > 10 {
					t.Fatalf("they never come to rest: %q", did)
				}
			}
		}
		if !slices.Equal(did, want) {
			t.Errorf("they did %q, want %q", did, want)
		}
	}
	expect := func(want ...string) {
		t.Helper()
		serving, err := state.Serving.TLS()
		if err != nil {
			t.Fatal(err)
		}
		if got := serving.Leaf.DNSNames; !slices.Equal(got, want) {
			t.Errorf("the certificate is good for %v, want %v", got, want)
		}
	}
	settle("issued a serving certificate that is good for [capacity.annex-system.svc.new.local], too")
	expect(append(one.Names, other.Names[1])...)
	c.now = c.now.Add(61 * time.Hour)
	settle("renewed the serving certificate", "issued a serving certificate that is good for [capacity.annex-system.svc.old.local], too")
	expect(append(other.Names, one.Names[1])...)

	one = other // The rollout is over.
	settle()
	c.now = c.now.Add(61 * time.Hour)
	settle("renewed the serving certificate")
	expect(other.Names...)
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*rotation.Options)
		want   string // An error that says this; none if empty.
	}{
		"good":                        {change: func(*rotation.Options) {}},
		"no Secret":                   {change: func(o *rotation.Options) { o.Secret = "" }, want: "Secret is not set"},
		"a negative life":             {change: func(o *rotation.Options) { o.AuthorityValidity = -time.Hour }, want: "a duration is negative"},
		"an authority that is short":  {change: func(o *rotation.Options) { o.AuthorityValidity = 5 * time.Hour }, want: "six times Propagation"},
		"as short as can be":          {change: func(o *rotation.Options) { o.ServingValidity = rotation.MinServingValidity }},
		"a certificate that is short": {change: func(o *rotation.Options) { o.ServingValidity = rotation.MinServingValidity - 1 }, want: "ServingValidity is shorter than 3s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(&clock{start})
			tc.change(&o)
			err := o.Validate()
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}
