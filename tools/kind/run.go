package kind

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/kind/pkg/cluster"

	"example.com/annex/tools/controlplane/workdir"
	"example.com/annex/tools/kind/cache"
	"example.com/annex/tools/kind/debian"
	"example.com/annex/tools/kind/engine"
	"example.com/annex/tools/kind/host"
	"example.com/annex/tools/kind/node"
)

// EngineVariable is the environment variable that chooses: "installed", "throwaway", or, when it is empty, whichever
// works.
const EngineVariable = "ANNEX_KIND_ENGINE"

// Jobs of a throw-away engine.
const (
	buildJob = "build"
	runJob   = "run"
)

// ErrRefused says that this machine, or this user, can run no nodes. Other errors are defects.
var ErrRefused = errors.New("no nodes can run here")

// Run calls main where clusters can be made, and returns its status. With a throw-away engine, that is in another
// process, in which this program has been run again: call Run first thing in main, or in TestMain. What is chosen, and
// why, is written to w. The first time a throw-away engine and its image are made, which takes minutes; they are kept in
// the user's cache directory.
func Run(w io.Writer, main func(*Site) int) (int, error) {
	ctx := context.Background()
	switch job, inside := engine.Job(); {
	case inside && job == buildJob:
		if err := buildImage(ctx, w); err != nil {
			return 1, err
		}
		return 0, nil
	case inside:
		conditions, err := host.Detect()
		if err != nil {
			return 1, err
		}
		return main(&Site{Provider: cluster.ProviderWithDocker(), Image: node.Image, Conditions: conditions}), nil
	}
	site, err := choose(ctx, w)
	if err != nil {
		return 1, err
	}
	if site != nil {
		return main(site), nil
	}
	return throwAway(ctx, w)
}

// choose returns nil for a throw-away engine.
func choose(ctx context.Context, w io.Writer) (*Site, error) {
	wanted := os.Getenv(EngineVariable)
	switch wanted {
	case "", "installed":
		site, err := installed(ctx)
		if err == nil {
			if site.Conditions, err = host.Detect(); err != nil {
				return nil, err
			}
			fmt.Fprintf(w, "kind: nodes run %s in the engine that is installed\n", site.Image)
			return site, nil
		}
		if wanted != "" {
			return nil, fmt.Errorf("%s=%s: %w", EngineVariable, wanted, err)
		}
		fmt.Fprintf(w, "kind: nodes run in a throw-away Docker, since there is no other: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
	case "throwaway":
		fmt.Fprintf(w, "kind: nodes run in a throw-away Docker, since %s=%s\n", EngineVariable, wanted)
	default:
		return nil, fmt.Errorf(`%s=%s: want "installed", "throwaway" or nothing`, EngineVariable, wanted)
	}
	return nil, nil
}

// throwAway runs this program again in a new engine.
func throwAway(ctx context.Context, w io.Writer) (status int, err error) {
	release, err := debian.Release()
	if err = errors.Join(err, engine.Refused()); err != nil {
		return 1, fmt.Errorf("%w: %w\ninstall Docker, which gets kind's images from their registry", ErrRefused, err)
	}
	dir, err := cache.Dir()
	if err != nil {
		return 1, err
	}
	conditions, err := host.Detect()
	if err != nil {
		return 1, err
	}
	for _, note := range append(conditions.Notes(), "nodes share the machine's sysctls: to them those are read-only that are no namespace's") {
		fmt.Fprintf(w, "kind: %s\n", note)
	}
	temporary, err := workdir.New("", "annex-kind")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, temporary.Remove()) }()
	programs, err := findPrograms(temporary.Path())
	if err != nil {
		return 1, err
	}
	files, err := findKindFiles()
	if err != nil {
		return 1, err
	}

	var key cache.Key
	key.Add(release, strings.Join(engine.Packages.Names, " "), engine.Packages.Without.String())
	root, err := cache.Open(dir, "engine", key.String(), func(dir string) error {
		return timed(w, "unpacking Docker from Debian's packages", func() error { return engine.Root(ctx, dir) })
	})
	if err != nil {
		return 1, err
	}
	defer root.Close() // A lock.
	options := engine.Options{Root: root.Path(), Runc: programs.Runc, Parent: filepath.Join(dir, "runs"), LogFile: temporary.Join("dockerd.log")}

	recipe := node.Recipe{Programs: programs, KindFiles: files, Release: release}
	imageKey, err := recipe.Key()
	if err != nil {
		return 1, err
	}
	images, err := cache.Open(dir, "image", imageKey, func(dir string) error {
		return timed(w, "making the image of nodes", func() error { return makeImage(ctx, recipe, options, dir) })
	})
	if err != nil {
		return 1, err
	}
	defer images.Close() // A lock.
	options.Job, options.Images = runJob, images.Path()
	return engine.Run(options)
}

func timed(w io.Writer, what string, do func() error) error {
	fmt.Fprintf(w, "kind: %s, once\n", what)
	start := time.Now()
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	fmt.Fprintf(w, "kind: %s took %.0f s\n", what, time.Since(start).Seconds())
	return nil
}

// ingredientsVariable tells the job that builds where the ingredients are.
const ingredientsVariable = "ANNEX_KIND_INGREDIENTS"

// makeImage fills a directory with the data of an engine that has the image.
func makeImage(ctx context.Context, recipe node.Recipe, options engine.Options, dir string) error {
	// Not in the directory for temporary files, which may be small. node.Prune removes it.
	work := filepath.Join(dir, "work")
	if err := os.Mkdir(work, 0o755); err != nil {
		return err
	}
	ingredients, err := node.Prepare(ctx, recipe, work)
	if err != nil {
		return err
	}
	if err := os.Setenv(ingredientsVariable, ingredients.Base+string(filepath.ListSeparator)+ingredients.Release); err != nil {
		return err
	}
	options.Job, options.Data = buildJob, dir
	status, err := engine.Run(options)
	if err != nil {
		return err
	}
	if status != 0 {
		return fmt.Errorf("the build ended with status %d", status)
	}
	return node.Prune(dir)
}

// buildImage is the job, inside the engine.
func buildImage(ctx context.Context, w io.Writer) error {
	files := filepath.SplitList(os.Getenv(ingredientsVariable))
	if len(files) != 2 {
		return fmt.Errorf("%s=%q: want two files", ingredientsVariable, os.Getenv(ingredientsVariable))
	}
	// kind leaves its temporary files behind.
	if err := os.Setenv("TMPDIR", filepath.Dir(files[0])); err != nil {
		return err
	}
	return node.Build(ctx, node.Ingredients{Base: files[0], Release: files[1]}, Logger(w))
}
