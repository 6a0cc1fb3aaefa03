package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	// batchObjects and batchBytes limit what is written at once.
	batchObjects, batchBytes = 500, 4 << 20

	// RestoreBump is how far the revision is raised after a restore, above all that may have been written since the backup:
	// what etcd's documentation has (https://etcd.io/docs/v3.6/op-guide/recovery/).
	RestoreBump = 1_000_000_000

	// last comes after all keys of a directory: it is no UTF-8, and no key is so.
	last = "\U0010FFFF"
)

// Options say what to copy, and how.
type Options struct {
	// Prefix is what the keys begin with: the --etcd-prefix of the servers, or that and an API group.
	Prefix string
	// Resume goes on with a copy that was interrupted.
	Resume bool
	// Replace has the target have what the source has, whatever it has now. The source must be a Backup, of the prefix or of more.
	Replace bool
	// Bump raises the revision by so much more, and has all objects count as written then.
	Bump int64
	// Live says that the source may change meanwhile: it is compared with what was read, and not read again. The target must be a
	// Backup, which is told the prefix.
	Live bool
	// Progress is told how far it is, every 2 s.
	Progress io.Writer
}

// advice is what to do after a failure: ofCopy for a copy that --resume can go on with.
func (o Options) advice(ofCopy string) string {
	switch {
	case o.Replace:
		return "; until the same restore is done again, no server starts on the target"
	case o.Live:
		return "" // There is no backup, and it can be tried again.
	}
	return ofCopy
}

// Report is what was copied.
type Report struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Prefix string `json:"prefix"`
	// FromRevision is the source's when it was read, ToRevision the target's in the end.
	FromRevision int64 `json:"fromRevision"`
	ToRevision   int64 `json:"toRevision"`
	// Resources have been compared, object by object.
	Resources []Resource `json:"resources"`
	// Written and Deleted are how many objects of the target had to be.
	Written int     `json:"written"`
	Deleted int     `json:"deleted"`
	Seconds float64 `json:"seconds"`
}

// Copy copies all objects under a prefix, and compares count and hash of what is in the source and in the target.
func Copy(ctx context.Context, from, to Place, options Options) (*Report, error) {
	started := time.Now()
	report := &Report{From: from.String(), To: to.String(), Prefix: options.Prefix}
	existing, err := prepare(ctx, from, to, options)
	if err != nil {
		return nil, err
	}
	progress := startProgress(options.Progress)
	defer progress.stop()
	w := &writer{to: to, existing: existing, place: directory(options.Prefix), report: report, progress: progress}
	read := newDigest(options.Prefix)
	report.FromRevision, err = from.Scan(ctx, options.Prefix, func(object Object) error {
		read.add(object)
		return w.add(ctx, object)
	})
	if err == nil {
		err = w.finish(ctx, directory(options.Prefix)+last)
	}
	if err != nil {
		return nil, fmt.Errorf("copying from %s to %s: %w%s", from, to, err, options.advice("; what is copied so far is kept, --resume goes on"))
	}

	progress.say("comparing")
	written := newDigest(options.Prefix)
	if _, err := to.Scan(ctx, options.Prefix, written.yield); err != nil {
		return nil, fmt.Errorf("comparing: %w", err)
	}
	if !options.Live {
		// What was written meanwhile would be missing.
		read = newDigest(options.Prefix)
		if _, err := from.Scan(ctx, options.Prefix, read.yield); err != nil {
			return nil, fmt.Errorf("comparing: %w", err)
		}
	}
	if err := compare(read, written); err != nil {
		return nil, fmt.Errorf("%s and %s differ: %w%s", from, to, err, options.advice("; is a server still writing to one of them? Stop it, and go on with --resume"))
	}
	report.Resources = written.resources()

	progress.say("raising the revision")
	renumber := ""
	if options.Bump > 0 {
		renumber = options.Prefix
	}
	if report.ToRevision, err = to.Finish(ctx, report.FromRevision+options.Bump, renumber); err != nil {
		return nil, fmt.Errorf("finishing: %w", err)
	}
	report.Seconds = time.Since(started).Seconds()
	return report, nil
}

// prepare checks that the target may be written, begins, and says whether there may be objects in it.
func prepare(ctx context.Context, from, to Place, options Options) (existing bool, err error) {
	what := fmt.Sprintf("from %s%s%s", from, everythingUnder, directory(options.Prefix))
	if options.Replace {
		if err := covers(ctx, from, options.Prefix); err != nil {
			return false, err
		}
	}
	source, err := firstKey(ctx, from, options.Prefix)
	if err != nil {
		return false, err
	}
	if source == "" {
		return false, fmt.Errorf("%s has no objects under %s: is that the prefix of the servers?", from, directory(options.Prefix))
	}
	before, err := to.Unfinished(ctx)
	if err != nil {
		return false, err
	}
	first, err := firstKey(ctx, to, options.Prefix)
	if err != nil {
		return false, err
	}
	switch {
	case options.Replace && before != "" && before != what && !within(before, options.Prefix):
		return false, fmt.Errorf("%s has a part of another copy (%s), of which a restore of %s would leave some: finish that one, or restore all of it", to, before, directory(options.Prefix))
	case options.Replace:
	case before != "" && !options.Resume:
		return false, fmt.Errorf("%s has a part of a copy that was interrupted (%s): go on with --resume", to, before)
	case before != "" && before != what:
		return false, fmt.Errorf("%s has a part of another copy (%s), this one is %s: finish that one", to, before, what)
	case before == "" && options.Resume:
		return false, fmt.Errorf("%s has no part of a copy that was interrupted: there is nothing to resume", to)
	case before == "" && first != "":
		return false, fmt.Errorf("%s has objects under %s already, such as %s: copy into an empty place", to, directory(options.Prefix), first)
	}
	if err := to.Begin(ctx, what); err != nil {
		return false, err
	}
	if options.Live {
		backup, ok := to.(Backup)
		if !ok {
			return false, fmt.Errorf("%s can't be a backup", to)
		}
		return first != "", backup.SetScope(ctx, options.Prefix)
	}
	return first != "", nil
}

// everythingUnder comes before the prefix in what Place.Begin is told.
const everythingUnder = ", everything under "

// within says that an interrupted copy was of what is under a prefix, or of a part of that.
func within(copied, prefix string) bool {
	i := strings.LastIndex(copied, everythingUnder)
	return i >= 0 && strings.HasPrefix(copied[i+len(everythingUnder):], directory(prefix))
}

// covers fails unless a place is a backup of all that is under a prefix: what it does not have would be deleted.
func covers(ctx context.Context, from Place, prefix string) error {
	var scope string
	if backup, ok := from.(Backup); ok {
		var err error
		if scope, err = backup.Scope(ctx); err != nil {
			return err
		}
	}
	switch {
	case scope == "":
		return fmt.Errorf("%s is no backup that annex storage backup has made: use annex storage copy", from)
	case !strings.HasPrefix(directory(prefix), scope):
		return fmt.Errorf("%s is a backup of what is under %s, and everything else under %s would be deleted: restore with the --prefix and --group of the backup", from, scope, directory(prefix))
	}
	return nil
}

var errFound = errors.New("found one")

// firstKey is that of the first object under a prefix; empty if there is none.
func firstKey(ctx context.Context, place Place, prefix string) (key string, err error) {
	_, err = place.Scan(ctx, prefix, func(object Object) error {
		key = object.Key
		return errFound
	})
	if errors.Is(err, errFound) {
		err = nil
	}
	return key, err
}

// writer writes objects in batches, and deletes what is between them.
type writer struct {
	to Place
	// existing says that the target may have objects, which are compared.
	existing bool
	// place is up to which key the target is as it should be.
	place    string
	batch    []Object
	bytes    int
	report   *Report
	progress *progress
}

func (w *writer) add(ctx context.Context, object Object) error {
	w.batch = append(w.batch, object)
	w.bytes += len(object.Value)
	if len(w.batch) < batchObjects && w.bytes < batchBytes {
		return nil
	}
	return w.finish(ctx, object.Key)
}

// finish writes what has been added, and has nothing else be there up to a key.
func (w *writer) finish(ctx context.Context, upTo string) error {
	writes := w.batch
	var deletions []string
	if w.existing {
		present, err := w.to.Between(ctx, w.place, upTo)
		if err != nil {
			return err
		}
		writes, deletions = difference(w.batch, present)
	}
	if len(writes)+len(deletions) > 0 {
		if err := w.to.Write(ctx, writes, deletions); err != nil {
			return err
		}
	}
	w.report.Written += len(writes)
	w.report.Deleted += len(deletions)
	w.progress.add(len(w.batch), w.bytes)
	w.place, w.batch, w.bytes = upTo, nil, 0
	return nil
}

// difference is what to write and what to delete for present to become wanted.
func difference(wanted, present []Object) (writes []Object, deletions []string) {
	known := map[string]Object{}
	for _, object := range present {
		known[object.Key] = object
	}
	for _, object := range wanted {
		if there, ok := known[object.Key]; !ok || !bytes.Equal(there.Value, object.Value) || there.Expires != object.Expires {
			writes = append(writes, object)
		}
		delete(known, object.Key)
	}
	for _, object := range present {
		if _, left := known[object.Key]; left {
			deletions = append(deletions, object.Key)
		}
	}
	return writes, deletions
}
