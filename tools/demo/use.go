package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"strings"
	"sync"
)

//go:embed reservation.yaml
var reservation []byte

// The object in reservation.yaml.
const (
	resource = "reservations"
	object   = "reservation/nightly-builds"
)

// use uses the new API as any other.
func (d *demo) use(ctx context.Context) error {
	d.section("Using it")
	manifest := d.dir.Join("manifests", "reservation.yaml")
	if err := os.WriteFile(manifest, reservation, 0o600); err != nil {
		return fmt.Errorf("writing a manifest: %w", err)
	}
	const patch = `{"spec":{"slots":6}}`
	for _, step := range []struct {
		name, title string
		do          func(context.Context) (string, error)
	}{
		{"none", "Nothing is reserved yet", d.says("No resources found", "get", resource)},
		{"create", "Create a Reservation", d.says("created", "create", "-f", manifest)},
		{"list", "List", d.says("nightly-builds", "get", resource)},
		{"watch", "Watch it change", func(ctx context.Context) (string, error) { return d.watchPatch(ctx, patch) }},
		{"refuse", "A mistake is refused, and explained", d.refuses("patch", object, "--type=merge", "--patch", `{"spec":{"slots":-1}}`)},
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
// naming the field.
func (d *demo) refuses(args ...string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		output, err := d.runKubectl(ctx, args...)
		switch {
		case err == nil:
			return "", fmt.Errorf("%s was accepted: %s", commandLine("kubectl", args...), output)
		case !strings.Contains(output, "spec.slots"):
			return "", fmt.Errorf("the refusal does not name spec.slots: %w", err)
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
