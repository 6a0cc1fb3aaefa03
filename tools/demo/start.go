package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"example.com/annex/tools/controlplane"
)

// startControlPlane starts etcd, kube-apiserver and kube-controller-manager, and
// reports each as a step.
func (d *demo) startControlPlane(ctx context.Context) error {
	binaries, err := controlplane.FindBinaries()
	if err != nil {
		return err
	}
	for _, program := range []struct {
		name, path string
		args       []string
	}{
		{"etcd", binaries.Etcd, []string{"--version"}},
		{"kube-apiserver", binaries.KubeAPIServer, []string{"--version"}},
		{"kube-controller-manager", binaries.KubeControllerManager, []string{"--version"}},
		{"kubectl", binaries.Kubectl, []string{"version", "--client"}},
	} {
		version, err := versionOf(ctx, program.path, program.args...)
		if err != nil {
			return fmt.Errorf("asking %s for its version: %w", program.name, err)
		}
		d.versions[program.name] = version
	}

	d.section("A control plane")
	var running string
	d.plane, err = controlplane.Start(ctx, controlplane.Options{
		Binaries:          binaries,
		Dir:               d.dir.Path(),
		LogDir:            d.dir.Join(logs),
		AggregatorRouting: d.options.routing,
		Progress: func(e controlplane.Event) {
			title := e.Process + " " + d.versions[e.Process]
			if !e.Ready {
				running = title
				d.report.begin(title)
				return
			}
			running = ""
			d.report.end(d.processOutcome(e.Process, title, e.Took, nil))
		},
	})
	if err != nil {
		if running != "" {
			d.report.end(d.processOutcome("controlplane", running, time.Since(d.started), err))
		}
		return err
	}
	d.kubectl = kubectl{program: binaries.Kubectl, kubeconfig: d.dir.Join("kubeconfig"), home: d.dir.Join("home")}
	d.report.say("      $ export KUBECONFIG=" + quote(d.kubectl.kubeconfig))
	return controlplane.WriteKubeconfig(d.kubectl.kubeconfig, d.plane.RESTConfig())
}

func (d *demo) processOutcome(step, title string, took time.Duration, err error) outcome {
	o := outcome{Section: d.current, Step: step, Title: title, OK: err == nil, Seconds: took.Seconds()}
	if err != nil {
		o.Error = err.Error()
	}
	return o
}

// versionOf is the last word of the first line that a program says of its
// version: "etcd Version: 3.7.3", "Kubernetes v1.37.2", "Client Version: v1.37.2".
func versionOf(ctx context.Context, program string, args ...string) (string, error) {
	output, err := exec.CommandContext(ctx, program, args...).Output()
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(output), "\n")
	words := strings.Fields(line)
	if len(words) == 0 {
		return "", fmt.Errorf("%s %s says nothing", program, strings.Join(args, " "))
	}
	return words[len(words)-1], nil
}
