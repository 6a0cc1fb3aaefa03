package sql

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/features"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/value"
	"k8s.io/apiserver/pkg/storage/value/encrypt/identity"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
)

// Config is one resource in a database.
type Config struct {
	// Codec makes bytes of objects, and objects of bytes: of the version that is stored.
	Codec runtime.Codec
	// New makes an empty object. Watches need it for bookmarks.
	New func() runtime.Object
	// Prefix is what all keys begin with, such as /annex: several servers may share a database. Slashes at its ends don't
	// matter.
	Prefix string
	// ResourcePrefix is what the keys that requests name begin with, such as /capacity.example.com/reservations/.
	ResourcePrefix string
	// Resource is what is stored, for messages, spans and metrics.
	Resource schema.GroupResource
	// Transformer changes the bytes that are stored: encryption at rest. Nil stores them as they are.
	Transformer value.Transformer
	// Versioner sets resourceVersions. Nil means storage.APIObjectVersioner.
	Versioner storage.Versioner
	// ObserveRead, if set, is told each span that a list reads of the database: the key that it begins with (of a page,
	// the last key of the page before and a NUL), at which revision (0: now), and how many at most (0: all). Tests of
	// caches count by it.
	ObserveRead func(ctx context.Context, from string, revision, limit int64)
	// Record, if set, is where the objects are in truth, and does the writing. Nil means the tables of this package.
	Record SystemOfRecord
}

// Store is one resource in a database. Its requests fail as etcd3's do, with the errors of k8s.io/apiserver/pkg/storage.
type Store struct {
	db          *Database
	config      Config
	prefix      string
	versioner   storage.Versioner
	transformer value.Transformer
	progress    *progress
	sizes       atomic.Bool
}

var _ storage.Interface = &Store{}

// New is a resource in a database, which the caller closes after the last use of the Store.
func New(database *Database, config Config) (*Store, error) {
	if !strings.HasPrefix(config.ResourcePrefix, "/") || config.ResourcePrefix == "/" {
		return nil, fmt.Errorf("storing %s: the resource prefix %q must begin with a slash, and say more", config.Resource, config.ResourcePrefix)
	}
	if config.Codec == nil {
		return nil, fmt.Errorf("storing %s: there is no codec", config.Resource)
	}
	s := &Store{
		db:          database,
		config:      config,
		prefix:      strings.TrimSuffix(path.Join("/", config.Prefix), "/") + "/",
		versioner:   config.Versioner,
		transformer: config.Transformer,
		progress:    newProgress(),
	}
	if s.versioner == nil {
		s.versioner = storage.APIObjectVersioner{}
	}
	if s.transformer == nil {
		s.transformer = identity.NewEncryptCheckTransformer()
	}
	return s, nil
}

// Versioner sets resourceVersions.
func (s *Store) Versioner() storage.Versioner { return s.versioner }

// ReadinessCheck fails once the database is closed. Whether it can be reached is a matter of health checks
// ([Database.Check]): a request that can't be answered says so itself.
func (s *Store) ReadinessCheck() error {
	select {
	case <-s.db.background.Done():
		return ErrClosed
	default:
		return nil
	}
}

// GetCurrentResourceVersion is the revision of the last write of any resource in the database.
func (s *Store) GetCurrentResourceVersion(ctx context.Context) (uint64, error) {
	start := time.Now()
	at, err := s.db.state(ctx)
	if err != nil {
		err = fmt.Errorf("reading the current resourceVersion: %w", err)
	}
	if err := s.observe(ctx, "getCurrentResourceVersion", start, err); err != nil {
		return 0, err
	}
	return uint64(at.revision), nil
}

// CompactRevision is the revision up to which the log is known to be gone, whichever process did it; 0 if none of it is.
func (s *Store) CompactRevision() int64 { return s.db.CompactRevision() }

// RequestWatchProgress has the watches of this Store that asked for progress sent a bookmark: at a revision that is not
// older than the request.
func (s *Store) RequestWatchProgress(ctx context.Context) error {
	if err := s.db.log.sync(ctx); err != nil {
		return fmt.Errorf("requesting the progress of watches of %s: %w", s.config.Resource, err)
	}
	s.progress.request()
	return nil
}

// Stats counts the objects, and, if that was enabled, says how large they are.
func (s *Store) Stats(ctx context.Context) (stats storage.Stats, err error) {
	where, arguments := span{prefix: s.resourcePrefix()}.where()
	ctx, cancel := context.WithTimeout(ctx, s.db.options.Timeout)
	defer cancel()
	size := `0`
	if s.sizes.Load() {
		size = `coalesce(sum(octet_length(value)), 0)`
	}
	var bytes int64
	start := time.Now()
	err = s.db.readDB.QueryRowContext(ctx, `SELECT count(*), `+size+` FROM annex_current WHERE `+where, arguments...).
		Scan(&stats.ObjectCount, &bytes)
	if err != nil {
		err = fmt.Errorf("counting %s: %w", s.config.Resource, err)
	}
	if err := s.observe(ctx, "stats", start, err); err != nil {
		return storage.Stats{}, err
	}
	if stats.ObjectCount > 0 {
		stats.EstimatedAverageObjectSizeBytes = bytes / stats.ObjectCount
	}
	return stats, nil
}

// EnableResourceSizeEstimation has Stats say how large the objects are. The database knows, so that keys is not called:
// etcd3's store needs it to forget the sizes of objects that it did not see deleted.
func (s *Store) EnableResourceSizeEstimation(keys storage.KeysFunc) error {
	if keys == nil {
		return errors.New("estimating the size of objects: there is no KeysFunc")
	}
	if !s.sizes.CompareAndSwap(false, true) {
		return errors.New("estimating the size of objects: it is enabled already")
	}
	return nil
}

// resourcePrefix is what the keys in the database begin with.
func (s *Store) resourcePrefix() string {
	return strings.TrimSuffix(s.prefix+strings.TrimPrefix(s.config.ResourcePrefix, "/"), "/") + "/"
}

// key is the key in the database, of the key in a request.
func (s *Store) key(key string, recursive bool) (string, error) {
	key, err := storage.PrepareKey(s.config.ResourcePrefix, key, recursive)
	if err != nil {
		return "", err
	}
	return s.prefix + strings.TrimPrefix(storable(key), "/"), nil
}

// storable is a key that PostgreSQL takes for text: UTF-8 without NUL. What is not is written as %XX, which is in no name of
// an object (path.IsValidPathSegmentName): so nothing is found there.
func storable(key string) string {
	if utf8.ValidString(key) && !strings.ContainsRune(key, 0) {
		return key
	}
	var b strings.Builder
	for i, r := range key {
		_, size := utf8.DecodeRuneInString(key[i:])
		if r == 0 || (r == utf8.RuneError && size == 1) {
			fmt.Fprintf(&b, "%%%02X", key[i])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// checkNotOlder fails if the revision that was read is older than a request wants.
func (s *Store) checkNotOlder(resourceVersion string, revision int64) error {
	if resourceVersion == "" {
		return nil
	}
	wanted, err := s.versioner.ParseResourceVersion(resourceVersion)
	if err != nil {
		return apierrors.NewBadRequest(fmt.Sprintf("invalid resource version: %v", err))
	}
	if wanted > uint64(revision) {
		return storage.NewTooLargeResourceVersionError(wanted, uint64(revision), 0)
	}
	return nil
}

// corruptObjectsCanBeDeleted is KEP-3926.
func corruptObjectsCanBeDeleted() bool {
	return utilfeature.DefaultFeatureGate.Enabled(features.AllowUnsafeMalformedObjectDeletion)
}
