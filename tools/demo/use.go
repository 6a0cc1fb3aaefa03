package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"strings"
	"sync"
)

//go:embed site.yaml
var site []byte

//go:embed reservation.yaml
var reservation []byte

// The object in reservation.yaml.
const (
	resource = "reservations"
	object   = "reservation/nightly-builds"
	logPath  = "/apis/capacity.example.com/v1/namespaces/default/reservations/nightly-builds/log"
)

// use uses the new API as any other.
func (d *demo) use(ctx context.Context) error {
	d.section("Using it")
	manifests := map[string][]byte{"site.yaml": site, "reservation.yaml": reservation}
	for name, content := range manifests {
		if err := os.WriteFile(d.dir.Join("manifests", name), content, 0o600); err != nil {
			return fmt.Errorf("writing a manifest: %w", err)
		}
	}
	const patch = `{"spec":{"slots":6}}`
	for _, step := range []struct {
		name, title string
		do          func(context.Context) (string, error)
	}{
		{"none", "Nothing is reserved yet", d.says("No resources found", "get", resource)},
		{"site", "A Site that has 10 slots", d.says("created", "create", "-f", d.dir.Join("manifests", "site.yaml"))},
		{"create", "Create a Reservation", d.says("created", "create", "-f", d.dir.Join("manifests", "reservation.yaml"))},
		{"list", "List", d.says("nightly-builds", "get", resource)},
		{"watch", "Watch it change", func(ctx context.Context) (string, error) { return d.watchPatch(ctx, patch) }},
		{"refuse", "A mistake is refused, and explained", d.refuses("spec.slots", "patch", object, "--type=merge", "--patch", `{"spec":{"slots":-1}}`)},
		{"full", "More than the Site has is refused", d.refuses("has 10 slots", "scale", object, "--replicas=11")},
		{"log", "What happened to it", d.says("written by", "get", "--raw", logPath)},
		{"explain", "Explain", d.says("siteName", "explain", resource+".spec")},
		{"delete", "Delete it", d.says("deleted", "delete", object)},
		{"gone", "It is gone", d.says("No resources found", "get", resource)},
	} {
		if err := d.step(ctx, step.name, step.title, step.do); err != nil {
			return err
		}
	}
	return nil
}

// says runs kubectl, and fails unless it says what it should.
func (d *demo) says(want string, args ...string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		output, err := d.runKubectl(ctx, args...)
		if err == nil && !strings.Contains(output, want) {
			err = fmt.Errorf("%s does not say %q but: %s", commandLine("kubectl", args...), want, output)
		}
		return output, err
	}
}

// refuses runs kubectl, and fails unless the server refuses what it asks for,
// and says why.
func (d *demo) refuses(why string, args ...string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		output, err := d.runKubectl(ctx, args...)
		switch {
		case err == nil:
			return "", fmt.Errorf("%s was accepted: %s", commandLine("kubectl", args...), output)
		case !strings.Contains(output, why):
			return "", fmt.Errorf("the refusal does not say %q: %w", why, err)
		}
		return output, nil
	}
}

// watchPatch watches, patches the object once the watch has begun, and ends when
// the watch has told of it.
func (d *demo) watchPatch(ctx context.Context, patch string) (string, error) {
	watch := []string{"get", resource, "--watch", "--output-watch-events"}
	change := []string{"patch", object, "--type=merge", "--patch", patch}
	d.ran(commandLine("kubectl", watch...) + " &")
	d.ran(commandLine("kubectl", change...))
	watching, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var seen []string
	var patching sync.WaitGroup
	err := d.kubectl.watch(watching, func(line string) (bool, error) {
		seen = append(seen, line)
		if strings.HasPrefix(line, "ADDED") && len(seen) == 2 { // After the heading.
			patching.Go(func() {
				if _, err := d.kubectl.run(watching, change...); err != nil {
					stop(err) // There will be no MODIFIED.
				}
			})
		}
		return strings.HasPrefix(line, "MODIFIED"), nil
	}, watch...)
	if err != nil {
		stop(err)
	}
	patching.Wait()
	if err == nil {
		err = context.Cause(watching) // The patch failed after all.
	}
	return strings.Join(seen, "\n"), err
}
