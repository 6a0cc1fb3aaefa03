package apiserver_test

import (
	"strings"
	"testing"

	"example.com/annex/shared/apiserver"
)

func TestCertificateFlags(t *testing.T) {
	t.Parallel()
	self := []string{"--certificates=self", "--service-namespace=annex-system"}
	for name, tc := range map[string]struct {
		args []string
		want string // An error that says this; none if empty.
	}{
		"temporary by default outside of pods": {},
		"self":                                 {args: self},
		"self, in no namespace":                {args: []string{"--certificates=self"}, want: "--service-namespace"},
		"self, and a file":                     {args: append(self, "--tls-cert-file=/tls.crt"), want: "leave one out"},
		"files, and none":                      {args: []string{"--certificates=files"}, want: "--tls-private-key-file"},
		"unknown":                              {args: []string{"--certificates=sefl"}, want: `--certificates="sefl": want self, files or temporary`},
		"an authority that ends too soon":      {args: append(self, "--ca-validity=1m", "--ca-propagation=30s"), want: "--ca-propagation=30s"},
		"a negative life":                      {args: append(self, "--serving-certificate-validity=-1h"), want: "more than 0"},
		"no life":                              {args: append(self, "--ca-validity=0s"), want: "more than 0"},
		"no propagation":                       {args: append(self, "--ca-propagation=0s"), want: "--ca-propagation=0s: each must be more than 0"},
		"a negative propagation":               {args: append(self, "--ca-propagation=-1s"), want: "--ca-propagation=-1s: each must be more than 0"},
		"a certificate that ends too soon":     {args: append(self, "--serving-certificate-validity=1s"), want: "shorter than 3s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options, err := apiserver.NewOptions(wardleDefinition())
			if err != nil {
				t.Fatal(err)
			}
			if err := options.Parse(tc.args); err != nil {
				t.Fatal(err)
			}
			complaints := ""
			if err := options.Validate(); err != nil {
				for _, line := range strings.Split(err.Error(), "\n") {
					// The rest of the command line is not the subject.
					if strings.Contains(line, "--certificates") || strings.Contains(line, "--ca-") {
						complaints += line
					}
				}
			}
			if (complaints == "") != (tc.want == "") || !strings.Contains(complaints, tc.want) {
				t.Errorf("got %q, want %q", complaints, tc.want)
			}
		})
	}
}
