package apiserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime/schema"
	genericapiserver "k8s.io/apiserver/pkg/server"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	"k8s.io/klog/v2"

	"example.com/annex/shared/storage"
	"example.com/annex/shared/storage/sql"
)

// Where objects are kept.
const (
	// StorageSQLite is a file of the server's own: nothing has to be installed, and one process can use it at a time.
	StorageSQLite = "sqlite"
	// StoragePostgres is a PostgreSQL database, which replicas of a server share.
	StoragePostgres = "postgres"
	// StorageEtcd is etcd, as kube-apiserver's.
	StorageEtcd = "etcd"
)

// StorageDSNVariable is the environment variable with a PostgreSQL connection string, for those who set neither
// --storage-dsn-file nor --storage-dsn.
const StorageDSNVariable = "ANNEX_STORAGE_DSN"

// storageOpenTimeout is how long a server that starts waits for its database. One that is not there ends it, with the
// reason.
const storageOpenTimeout = 10 * time.Second

// Storage is where objects are kept. How (prefix, encoding, encryption, watch cache) says Options.Etcd, whatever the
// backend.
type Storage struct {
	// Backend is one of the constants above. Empty means StoragePostgres where DSN or DSNFile is set, StorageEtcd where
	// there are --etcd-servers, StoragePostgres where StorageDSNVariable is in the environment, else StorageSQLite.
	Backend string
	// DataDir is the directory of the SQLite file, which is named for the server: capacity.db. It is made, for this user alone,
	// if it does not exist.
	DataDir string
	// DSN is a PostgreSQL connection string without a password, as sql.Options has it. Others can read the command line of a
	// process, and /flagz.
	DSN string
	// DSNFile is a file with a connection string, which may have a password. Spaces and newlines around it don't count.
	DSNFile string
}

// storageFlags are upstream's that hold for every backend, though their names or descriptions say etcd.
var storageFlags = map[string]string{
	"etcd-prefix": "The prefix of all keys, whatever the --storage-backend: servers that share an etcd or a database need different ones only if they serve the same group.",
	"etcd-compaction-interval": "How long what objects were is kept, for watches and lists that continue from an older resourceVersion, whatever the --storage-backend. " +
		"If 0, this server has nothing compacted.",
	"etcd-count-metric-poll-period": "How often the objects of each resource are counted, for metrics, whatever the --storage-backend. 0 disables it.",
	"etcd-healthcheck-timeout":      "The timeout of health checks of the storage, whatever the --storage-backend.",
	"encryption-provider-config":    "The file with the configuration of encryption at rest, whatever the --storage-backend.",
}

func (s *Storage) addFlags(flags *pflag.FlagSet, etcd *genericoptions.EtcdOptions) {
	flags.StringVar(&s.Backend, "storage-backend", s.Backend, `where objects are kept: "sqlite" (a file in --data-dir), "postgres" (--storage-dsn-file) or "etcd" (--etcd-servers; "etcd3" is the same). `+
		`By default "postgres" where --storage-dsn-file or --storage-dsn is set, "etcd" where --etcd-servers is, "postgres" where $`+StorageDSNVariable+` is, else "sqlite"`)
	flags.StringVar(&s.DataDir, "data-dir", s.DataDir, "the directory of the SQLite database, with --storage-backend=sqlite; it is made if it does not exist")
	flags.StringVar(&s.DSNFile, "storage-dsn-file", s.DSNFile, "a file with a PostgreSQL connection string (postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full, or key=value pairs), with --storage-backend=postgres")
	flags.StringVar(&s.DSN, "storage-dsn", s.DSN, "a PostgreSQL connection string without a password, instead of --storage-dsn-file; $"+StorageDSNVariable+" is used where neither is set, and may have one")

	// Upstream's own flag of that name knows etcd only.
	upstreams := pflag.NewFlagSet("etcd", pflag.ContinueOnError)
	etcd.AddFlags(upstreams)
	upstreams.VisitAll(func(flag *pflag.Flag) {
		if usage, ok := storageFlags[flag.Name]; ok {
			flag.Usage = usage
		}
		if flag.Name != "storage-backend" {
			flags.AddFlag(flag)
		}
	})
}

// storageBackend is what Storage.Backend means.
func (o *Options) storageBackend() string {
	switch {
	case o.Etcd == nil:
		return ""
	case o.Storage.Backend == "etcd3": // kube-apiserver's name for it
		return StorageEtcd
	case o.Storage.Backend != "":
		return o.Storage.Backend
	case o.Storage.DSN != "" || o.Storage.DSNFile != "":
		return StoragePostgres
	case len(o.Etcd.StorageConfig.Transport.ServerList) > 0:
		return StorageEtcd
	case os.Getenv(StorageDSNVariable) != "" || o.tabled():
		return StoragePostgres
	}
	return StorageSQLite
}

func (o *Options) validateStorage() []error {
	if o.Etcd == nil {
		return nil
	}
	backend := o.storageBackend()
	etcd := *o.Etcd
	if backend != StorageEtcd && len(etcd.StorageConfig.Transport.ServerList) == 0 {
		etcd.StorageConfig.Transport.ServerList = []string{"none"} // Which upstream would miss.
	}
	errs := etcd.Validate()
	if _, err := genericoptions.ParseWatchCacheSizes(o.Etcd.WatchCacheSizes); err != nil {
		errs = append(errs, fmt.Errorf("--watch-cache-sizes: %w", err))
	}
	switch backend {
	case StorageEtcd:
	case StorageSQLite:
		if o.Storage.DataDir == "" {
			errs = append(errs, errors.New("--data-dir is not set: name the directory of the SQLite database, or keep objects in PostgreSQL (--storage-dsn-file) or etcd (--etcd-servers)"))
		}
	case StoragePostgres:
		if _, err := o.dsn(); err != nil {
			errs = append(errs, err)
		}
	default:
		errs = append(errs, fmt.Errorf("--storage-backend=%s: want one of %s, %s, %s", backend, StorageSQLite, StoragePostgres, StorageEtcd))
	}
	if o.tabled() && backend != StoragePostgres {
		errs = append(errs, fmt.Errorf("--storage-backend is %s, and %s serves rows of a PostgreSQL table: say where with --storage-dsn-file", backend, o.Definition.Name))
	}
	if o.Storage.Backend == "" && backend == StoragePostgres && len(o.Etcd.StorageConfig.Transport.ServerList) > 0 {
		errs = append(errs, errors.New("--etcd-servers and a PostgreSQL connection string are both set: say which with --storage-backend"))
	}
	if o.Storage.Backend != "" && (backend == StorageSQLite || backend == StorageEtcd) && (o.Storage.DSN != "" || o.Storage.DSNFile != "") {
		// $ANNEX_STORAGE_DSN is no such word: an environment may be of several servers.
		errs = append(errs, fmt.Errorf("%s is set, and --storage-backend is %s: leave one out", o.dsnOrigin(), backend))
	}
	if o.Storage.Backend != "" && (backend == StoragePostgres || backend == StorageEtcd) && o.Storage.DataDir != "" {
		errs = append(errs, fmt.Errorf("--data-dir is set, and --storage-backend is %s: leave one out", backend))
	}
	if o.Storage.DSN != "" && sql.HasPassword(o.Storage.DSN) {
		// Not the value: whoever has it on the command line will not want it in a log as well.
		errs = append(errs, fmt.Errorf("--storage-dsn has a password, which others can read on the command line: put the connection string into a file, for --storage-dsn-file, or into $%s", StorageDSNVariable))
	}
	if backend != StorageEtcd && len(o.Etcd.EtcdServersOverrides) > 0 {
		errs = append(errs, fmt.Errorf("--etcd-servers-overrides is set, and --storage-backend is %s: leave one out", backend))
	}
	return errs
}

// dsn is the PostgreSQL connection string.
func (o *Options) dsn() (string, error) {
	switch {
	case o.Storage.DSN != "" && o.Storage.DSNFile != "":
		return "", errors.New("--storage-dsn and --storage-dsn-file are both set: leave one out")
	case o.Storage.DSN != "":
		return o.Storage.DSN, nil
	case o.Storage.DSNFile != "":
		content, err := os.ReadFile(o.Storage.DSNFile)
		if err != nil {
			return "", fmt.Errorf("--storage-dsn-file=%s: want a file that can be read: %w", o.Storage.DSNFile, errors.Unwrap(err))
		}
		dsn := strings.TrimSpace(string(content))
		if dsn == "" {
			return "", fmt.Errorf("--storage-dsn-file=%s: the file is empty; it must have a PostgreSQL connection string", o.Storage.DSNFile)
		}
		return dsn, nil
	case os.Getenv(StorageDSNVariable) != "":
		return os.Getenv(StorageDSNVariable), nil
	}
	return "", fmt.Errorf("--storage-backend=%s: say which database with --storage-dsn-file, --storage-dsn or $%s", StoragePostgres, StorageDSNVariable)
}

// dsnOrigin is where the connection string comes from.
func (o *Options) dsnOrigin() string {
	switch {
	case o.Storage.DSN != "":
		return "--storage-dsn"
	case o.Storage.DSNFile != "":
		return "--storage-dsn-file=" + o.Storage.DSNFile
	}
	return "$" + StorageDSNVariable
}

// applyStorage has objects kept in the database; in etcd if there is none; nowhere if the server keeps nothing.
func (o *Options) applyStorage(c *genericapiserver.RecommendedConfig, database *sql.Database) error {
	switch {
	case o.Etcd == nil:
		return nil
	case database == nil:
		if err := o.Etcd.ApplyWithStorageFactoryTo(o.storageFactory(c), &c.Config); err != nil {
			return fmt.Errorf("etcd options: %w", err)
		}
		return nil
	}
	// Not ApplyWithStorageFactoryTo: its health checks and metrics would dial etcd.
	if err := o.applyEncryption(&c.Config); err != nil {
		return fmt.Errorf("encryption options: %w", err)
	}
	uncached, err := o.uncached()
	if err != nil {
		return err
	}
	tables := o.Definition.tables(o.scheme)
	c.RESTOptionsGetter = storage.RESTOptionsGetter{
		RESTOptionsGetter: o.Etcd.CreateRESTOptionsGetter(o.storageFactory(c), c.ResourceTransformers),
		Database:          database,
		Uncached:          uncached,
		Tables:            tables,
	}
	c.ReadyzChecks = append(c.ReadyzChecks, tables.HealthChecks()...)
	// Not /livez: to start again does not bring a database back.
	check := storage.HealthCheck(database, o.Etcd.StorageConfig.HealthcheckTimeout)
	c.HealthzChecks = append(c.HealthzChecks, check)
	c.ReadyzChecks = append(c.ReadyzChecks, check)
	return nil
}

// uncached says which resources have no watch cache, as upstream reads --watch-cache and --watch-cache-sizes.
func (o *Options) uncached() (func(schema.GroupResource) bool, error) {
	sizes, err := genericoptions.ParseWatchCacheSizes(o.Etcd.WatchCacheSizes)
	if err != nil {
		return nil, fmt.Errorf("--watch-cache-sizes: %w", err)
	}
	return func(resource schema.GroupResource) bool {
		size, set := sizes[resource]
		return !o.Etcd.EnableWatchCache || (set && size == 0)
	}, nil
}

// openDatabase opens the database that objects are kept in, which is the caller's to close. It is nil with etcd, and for a
// server that keeps nothing.
func (o *Options) openDatabase(ctx context.Context) (*sql.Database, error) {
	backend := o.storageBackend()
	if backend == "" || backend == StorageEtcd {
		return nil, nil
	}
	options := sql.Options{CompactionInterval: o.Etcd.StorageConfig.CompactionInterval}
	if options.CompactionInterval == 0 {
		options.CompactionInterval = -1
	}
	if backend == StorageSQLite {
		if err := os.MkdirAll(o.Storage.DataDir, 0o700); err != nil {
			return nil, fmt.Errorf("making the directory of the database (--data-dir): %w", err)
		}
		options.SQLite = filepath.Join(o.Storage.DataDir, o.Definition.Name+".db")
	} else {
		dsn, err := o.dsn()
		if err != nil {
			return nil, err
		}
		options.PostgreSQL = dsn
	}
	opening, cancel := context.WithTimeoutCause(ctx, storageOpenTimeout, fmt.Errorf("no answer after %s", storageOpenTimeout))
	defer cancel()
	database, err := sql.Open(opening, options)
	if err != nil && backend == StoragePostgres {
		return nil, fmt.Errorf("%w (the connection string is that of %s)", err, o.dsnOrigin())
	}
	if err != nil {
		return nil, err
	}
	klog.FromContext(ctx).Info("Keeping objects", "database", database.String())
	return database, nil
}

// storageFiles are the files that flags of storage name, for the chosen backend.
func (o *Options) storageFiles() []namedFile {
	if o.Etcd == nil {
		return nil
	}
	files := []namedFile{{"encryption-provider-config", o.Etcd.EncryptionProviderConfigFilepath}}
	if o.storageBackend() == StorageEtcd {
		files = slices.Concat(files, []namedFile{
			{"etcd-cafile", o.Etcd.StorageConfig.Transport.TrustedCAFile},
			{"etcd-certfile", o.Etcd.StorageConfig.Transport.CertFile},
			{"etcd-keyfile", o.Etcd.StorageConfig.Transport.KeyFile},
		})
	}
	return files
}
