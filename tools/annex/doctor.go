package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	"k8s.io/apimachinery/pkg/types"

	"example.com/annex/tools/annex/cluster"
	"example.com/annex/tools/annex/doctor"
	"example.com/annex/tools/deploy/manifests"
)

// errWrong is the end of a report in which something is wrong: it has told all.
var errWrong = errors.New("something is wrong")

// doctorError is any other error: the doctor could not look.
type doctorError struct{ error }

func (e doctorError) Unwrap() error { return e.error }

func newDoctor(c *cluster.Cluster) *cobra.Command {
	var options doctor.Options
	var account, output string
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "doctor [APISERVICE...]",
		Short: "Find out why an aggregated API does not work, and how to mend it.",
		Long: `Walks the way of a request to an aggregated API server, and says of each link whether it is right; if not, what is wrong, and the
command that mends it. Without names it looks at every APIService that leads to a server.

What is wrong first is the reason. What depends on it is "not checked", and is looked at again when that is mended:

  APIService      there is one, and it leads to a Service
  specification   insecureSkipTLSVerify is not set, the priority is not that of built-in groups
  Service         it exists, with the port that the APIService names
  front proxy     kube-apiserver says by which authority and headers servers know it, and has the certificate
  auth-reader     the server may read that
  auth-delegator  the server may ask who callers are and what they may do
  rights          it may read what admission, priority and fairness, and its API need (servers of Annex)
  endpoints       there is an address behind the Service that is ready; if not, why the pods are not
  reachable       it answers: from here, or through kube-apiserver's service proxy
  certificate     it is for SERVICE.NAMESPACE.svc, and has not expired
  caBundle        it is in PEM, has not expired, and has the authority that signed the certificate
  ready           the server's /readyz says so
  identity        the server believes kube-apiserver who asks
  version         the server serves the version
  Available       kube-apiserver says so
  discovery       in the version's own document, and in kube-apiserver's of all groups
  OpenAPI v2, v3  kube-apiserver has published them
  lists           each resource can be listed, by you

Where the server can't be reached from here, and kube-apiserver can't be asked to, links are "not checked", never right.

It only reads. It needs the right to get apiservices, services, services/proxy, and the ConfigMap extension-apiserver-authentication in
kube-system; to list pods and endpointslices; to create subjectaccessreviews; to get /flagz and /openapi; and to list what the API has. One
that you have not is named, with the rule that gives it.

It exits with 0 if nothing is wrong, 1 if something is, and 2 if it could not look.`,
		Example: `  annex doctor                                  # all that lead to a server
  annex doctor v1.capacity.example.com
  annex doctor v1.capacity.example.com --service-account=annex-system/capacity   # where the Service selects no pods
  annex doctor -o json | jq '.diagnoses[] | select(.wrong) | .findings[] | select(.status == "WRONG") | .mend'`,
		RunE: func(command *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeoutCause(command.Context(), timeout, fmt.Errorf("given up after --timeout=%s", timeout))
			defer cancel()
			if account != "" {
				namespace, name, ok := strings.Cut(account, "/")
				if !ok {
					return doctorError{fmt.Errorf("--service-account=%s: want NAMESPACE/NAME", account)}
				}
				options.ServiceAccount = types.NamespacedName{Namespace: namespace, Name: name}
			}
			if output != "table" && output != "json" {
				return doctorError{fmt.Errorf("--output=%s: want table or json", output)}
			}
			report, err := examine(ctx, c, options, args)
			if err != nil {
				return doctorError{err}
			}
			return write(command.OutOrStdout(), report, output)
		},
	}
	options.Definitions = manifests.Servers()
	flags := command.Flags()
	flags.StringVar(&account, "service-account", "", "NAMESPACE/NAME of the servers' ServiceAccount; by default that of the pods which the Service selects")
	flags.DurationVar(&options.Timeout, "answer-timeout", doctor.DefaultTimeout, "how long a server may take for an answer; kube-apiserver gives it as long")
	flags.DurationVar(&timeout, "timeout", 2*time.Minute, "how long all of it may take")
	flags.StringVarP(&output, "output", "o", "table", "table or json")
	return command
}

// examine looks at the APIServices named, or at all that lead to a server.
func examine(ctx context.Context, c *cluster.Cluster, options doctor.Options, names []string) (doctor.Report, error) {
	var report doctor.Report
	config, err := c.Config()
	if err != nil {
		return report, err
	}
	examination, err := doctor.New(config, options)
	if err != nil {
		return report, err
	}
	remote, err := examination.Remote(ctx) // Asked in any case: it shows whether there is a cluster.
	switch {
	case err != nil && len(names) == 0:
		return report, err
	case err != nil && !doctor.Forbidden(err):
		return report, err
	case len(names) == 0 && len(remote) == 0:
		return report, errors.New("no APIService leads to a server; name one to have its absence examined")
	case len(names) == 0:
		names = remote
	}
	for _, name := range names {
		report.Diagnoses = append(report.Diagnoses, examination.Examine(ctx, name))
		if ctx.Err() != nil {
			return report, context.Cause(ctx)
		}
	}
	return report, nil
}

func write(w io.Writer, report doctor.Report, output string) error {
	var err error
	if output == "json" {
		err = report.WriteJSON(w)
	} else {
		err = report.WriteText(w, colored(w))
	}
	switch {
	case err != nil:
		return doctorError{err}
	case report.Wrong():
		return errWrong
	case report.Blind():
		return doctorError{errors.New("an APIService could not be looked at")}
	}
	return nil
}

// colored says whether there are colours: on a terminal whose user has not refused them (https://no-color.org).
func colored(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
