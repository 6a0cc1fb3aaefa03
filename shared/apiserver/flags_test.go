package apiserver

import (
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

func TestParseReportsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	newFlags := func() *pflag.FlagSet {
		flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
		flags.Int("secure-port", 8443, "The port on which to serve HTTPS.")
		flags.Duration("request-timeout", time.Minute, "How long a request may take.")
		flags.String("tls-cert-file", "", "The certificate.")
		flags.String("feature-gates", "", "The features:\nOne=true\nTwo=true")
		flags.Bool("profiling", true, "Serve profiles.")
		flags.BoolP("help", "h", false, "Print help.")
		flags.Bool("version", false, "Print the version.")
		return flags
	}
	for name, tc := range map[string]struct {
		args  []string
		want  []string // each must stand in the error; none: no error
		help  bool
		lines int // of the error; 0: any number
	}{
		"nothing":               {},
		"good flags":            {args: []string{"--secure-port", "1", "--request-timeout=2s", "--profiling", "--tls_cert_file=x"}},
		"a wrong value":         {args: []string{"--secure-port=x"}, want: []string{`--secure-port="x"`, "want an int", "The port on which to serve HTTPS."}},
		"all mistakes together": {args: []string{"--secure-port=x", "--request-timeout", "5", "--tsl-cert-file", "f", "stray", "--profiling=maybe"}, want: []string{"--secure-port", "--request-timeout", `missing unit`, "did you mean --tls-cert-file?", `"stray"`, "--profiling"}},
		"a value is missing":    {args: []string{"--tls-cert-file"}, want: []string{"--tls-cert-file: wants a value (string): The certificate."}},
		"a usage of many lines": {args: []string{"--feature-gates"}, want: []string{"--feature-gates: wants a value (string): The features:"}, lines: 1},
		"nothing is similar":    {args: []string{"--zzz=1"}, want: []string{"--zzz: unknown flag"}},
		"words after --":        {args: []string{"--", "a"}, want: []string{`"a"`}},
		"help":                  {args: []string{"--secure-port=x", "-h"}, help: true},
		"version":               {args: []string{"--version"}, help: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flags := newFlags()
			help, err := parse(flags, tc.args)
			if port, _ := flags.GetInt("secure-port"); port == 0 {
				t.Error("a value that was refused is set")
			}
			if (help != nil) != tc.help {
				t.Errorf("help asked for: %t, want %t", help != nil, tc.help)
			}
			if len(tc.want) == 0 {
				if err != nil {
					t.Errorf("got %v, want no error", err)
				}
				return
			}
			if err == nil {
				t.Fatal("want an error")
			}
			if lines := strings.Count(err.Error(), "\n") + 1; tc.lines != 0 && lines != tc.lines {
				t.Errorf("the error has %d lines, want %d:\n%v", lines, tc.lines, err)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not stand in:\n%v", want, err)
				}
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("--secure-port=1 --x")
	f.Add("-h --")
	f.Add("--= - --a=b=c \x00")
	f.Fuzz(func(t *testing.T, line string) {
		flags := pflag.NewFlagSet("fuzz", pflag.ContinueOnError)
		flags.Int("secure-port", 8443, "")
		flags.Bool("profiling", true, "")
		// Whatever the line is, there is an answer and no panic, and the answer to the same line is the same.
		_, first := parse(flags, strings.Fields(line))
		_, second := parse(flags, strings.Fields(line))
		if (first == nil) != (second == nil) {
			t.Errorf("first %v, then %v", first, second)
		}
	})
}
