package kind

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"sigs.k8s.io/kind/pkg/apis/config/defaults"
	"sigs.k8s.io/kind/pkg/cluster"
)

// pullTimeout is for 300 MB.
const pullTimeout = 5 * time.Minute

// installed finds an engine of this machine that works and has, or gets, kind's published image of nodes, which
// sigs.k8s.io/kind/pkg/apis/config/defaults names by its digest. The error says why there is none.
func installed(ctx context.Context) (*Site, error) {
	var reasons []error
	for _, engine := range []struct {
		program string
		option  func() cluster.ProviderOption
	}{
		{"docker", cluster.ProviderWithDocker},
		{"podman", cluster.ProviderWithPodman},
	} {
		err := works(ctx, engine.program)
		if err == nil {
			return &Site{Provider: engine.option(), Image: defaults.Image}, nil
		}
		reasons = append(reasons, err)
	}
	return nil, errors.Join(reasons...)
}

func works(ctx context.Context, program string) error {
	if _, err := exec.LookPath(program); err != nil {
		return fmt.Errorf("no %s on PATH", program)
	}
	if out, err := exec.CommandContext(ctx, program, "info").CombinedOutput(); err != nil {
		return fmt.Errorf("%s does not work: %w: %s", program, err, lastLine(out))
	}
	if exec.CommandContext(ctx, program, "image", "inspect", defaults.Image).Run() == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, pullTimeout)
	defer cancel()
	if out, err := exec.CommandContext(ctx, program, "pull", defaults.Image).CombinedOutput(); err != nil {
		return fmt.Errorf("%s can't pull %s: %w: %s", program, defaults.Image, err, lastLine(out))
	}
	return nil
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}
