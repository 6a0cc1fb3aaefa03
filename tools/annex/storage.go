package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/storage/sql"
	"example.com/annex/tools/annex/transfer"
)

// storageCommand is what the subcommands of storage share.
type storageCommand struct {
	prefix, group, output string
	tls                   transfer.TLS
}

const places = `Places are

  sqlite:FILE           the file of a server in its --data-dir, or a backup
  postgres:FILE         the database whose connection string is in the file, as for --storage-dsn-file
  postgres://USER@HOST  the database itself, without a password (from $PGPASSWORD or $PGPASSFILE)
  etcd:URL[,URL]...     etcd`

func newStorage() *cobra.Command {
	command := &cobra.Command{
		Use:   "storage",
		Short: "Copy, back up and restore what servers store.",
		Long: `Copies, backs up and restores what servers store, in etcd, SQLite and PostgreSQL.

Keys and bytes are copied as they are stored. So uid, creationTimestamp, generation, managedFields and all else in an object
are kept; and what is encrypted stays so, with the same keys: the server needs the same --encryption-provider-config
afterwards.`,
	}
	command.AddCommand(newStorageCopy(), newStorageBackup(), newStorageRestore())
	return command
}

func (s *storageCommand) addFlags(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&s.prefix, "prefix", apiserver.DefaultStoragePrefix, "the --etcd-prefix of the servers")
	flags.StringVar(&s.group, "group", "", "the API group to copy; empty is all that is under the prefix")
	flags.StringVarP(&s.output, "output", "o", "table", "what is printed: table or json")
	flags.StringVar(&s.tls.CA, "etcd-cafile", "", "the certificate authority of etcd")
	flags.StringVar(&s.tls.Certificate, "etcd-certfile", "", "the client certificate for etcd")
	flags.StringVar(&s.tls.Key, "etcd-keyfile", "", "its key")
}

// options are those that flags say.
func (s *storageCommand) options(command *cobra.Command) (transfer.Options, error) {
	if s.output != "table" && s.output != "json" {
		return transfer.Options{}, fmt.Errorf("--output=%s: want table or json", s.output)
	}
	prefix := s.prefix
	if s.group != "" {
		prefix = strings.TrimSuffix(prefix, "/") + "/" + s.group
	}
	if !strings.HasPrefix(prefix, "/") {
		return transfer.Options{}, fmt.Errorf("--prefix=%s: want one that begins with a slash", prefix)
	}
	return transfer.Options{Prefix: prefix, Progress: command.ErrOrStderr()}, nil
}

// copy copies between places that it opens and closes, and prints what it did.
func (s *storageCommand) copy(command *cobra.Command, from, to string, access sql.Access, options transfer.Options) (err error) {
	ctx := command.Context()
	source, err := transfer.Open(ctx, from, access, s.tls)
	if err != nil {
		return err
	}
	defer closePlace(source, &err)
	target, err := transfer.Open(ctx, to, sql.WriteAlone, s.tls)
	if err != nil {
		return err
	}
	defer closePlace(target, &err)
	report, err := transfer.Copy(ctx, source, target, options)
	if err != nil {
		return err
	}
	return s.print(command.OutOrStdout(), report)
}

func closePlace(place transfer.Place, err *error) {
	if failure := place.Close(); failure != nil {
		*err = errors.Join(*err, fmt.Errorf("closing %s: %w", place, failure))
	}
}

func (s *storageCommand) print(out io.Writer, report *transfer.Report) error {
	if s.output == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	}
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "RESOURCE\tOBJECTS\tBYTES\tSHA256")
	for _, r := range report.Resources {
		fmt.Fprintf(table, "%s\t%d\t%d\t%.16s\n", r.Name, r.Objects, r.Bytes, r.SHA256)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%s (revision %d)\nand %s (revision %d)\nhave the same under %s; %d written, %d deleted, in %.1f s\n",
		report.From, report.FromRevision, report.To, report.ToRevision, report.Prefix, report.Written, report.Deleted, report.Seconds)
	return err
}

func newStorageCopy() *cobra.Command {
	var s storageCommand
	var from, to string
	var resume bool
	command := &cobra.Command{
		Use:   "copy --from PLACE --to PLACE",
		Short: "Copy all objects from one backend to another.",
		Long: `Copies all objects from one place to another, an empty one, and compares both by count and hash. Stop the servers before: one
that uses a SQLite file or a PostgreSQL database is noticed; one that uses etcd is not, unless it writes.

A copy that was interrupted, by whatever, goes on with --resume. Until it is finished, no server starts on a database.

resourceVersions are kept where the target is SQLite or PostgreSQL. In etcd, objects get new ones, above all that were
before: each revision that etcd is behind takes a write. In any case watches and lists of before get 410 Gone, and begin
anew; in etcd, those of other servers as well, if they are behind.

` + places,
		Example: `  annex storage copy --from=etcd:http://127.0.0.1:2379 --to=sqlite:/var/lib/annex/capacity.db --group=capacity.example.com`,
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			options, err := s.options(command)
			if err != nil {
				return err
			}
			options.Resume = resume
			return s.copy(command, from, to, sql.ReadAlone, options)
		},
	}
	s.addFlags(command)
	command.Flags().StringVar(&from, "from", "", "where objects are")
	command.Flags().StringVar(&to, "to", "", "where they shall be")
	command.Flags().BoolVar(&resume, "resume", false, "go on with a copy that was interrupted")
	required(command, "from", "to")
	return command
}

// required has cobra refuse the command without the flags.
func required(command *cobra.Command, flags ...string) {
	for _, flag := range flags {
		// It fails for a flag that does not exist only.
		_ = command.MarkFlagRequired(flag)
	}
}

func newStorageBackup() *cobra.Command {
	var s storageCommand
	var from, file string
	command := &cobra.Command{
		Use:   "backup --from PLACE --file FILE",
		Short: "Write all objects of a running server into a file.",
		Long: `Writes all objects, as they are at one moment, into a new file, while servers go on reading and writing. The file is a SQLite
database, whatever the place is.

` + places,
		Example: `  annex storage backup --from=sqlite:/var/lib/annex/capacity.db --file=capacity-monday.db`,
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			options, err := s.options(command)
			if err != nil {
				return err
			}
			options.Live = true
			return s.backup(command, from, file, options)
		},
	}
	s.addFlags(command)
	command.Flags().StringVar(&from, "from", "", "where objects are")
	command.Flags().StringVar(&file, "file", "", "the file to write; it must not exist")
	required(command, "from", "file")
	return command
}

// backup writes under another name, so that a file of that name is whole.
func (s *storageCommand) backup(command *cobra.Command, from, file string, options transfer.Options) error {
	switch _, err := os.Lstat(file); {
	case err == nil:
		return fmt.Errorf("--file=%s: want one that does not exist", file)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("--file=%s: %w", file, err)
	}
	partial := file + ".partial"
	clean := func() error {
		var errs []error
		for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
			if err := os.Remove(partial + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
		return errors.Join(errs...)
	}
	if err := clean(); err != nil { // What one that was killed has left.
		return err
	}
	err := s.copy(command, from, "sqlite:"+partial, sql.ReadShared, options)
	if err == nil {
		err = os.Rename(partial, file)
	}
	return errors.Join(err, clean())
}

func newStorageRestore() *cobra.Command {
	var s storageCommand
	var to, file string
	bump := int64(transfer.RestoreBump)
	command := &cobra.Command{
		Use:   "restore --file FILE --to PLACE",
		Short: "Have a database be what a backup says.",
		Long: `Has a database have the objects of a backup, and no others under the prefix, and compares both by count and hash. Stop the
servers before. A restore that was interrupted is begun anew by the same command; until then no server starts on the database.

Objects get new resourceVersions, above all that may have been since the backup (--bump), and whoever watched before gets
410 Gone, so that no client takes what is older for newer. etcd can't be restored so: it counts one by one. Use its own
snapshots (etcdutl snapshot restore --bump-revision --mark-compacted).

` + places,
		Example: `  annex storage restore --file=capacity-monday.db --to=sqlite:/var/lib/annex/capacity.db`,
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			options, err := s.options(command)
			if err != nil {
				return err
			}
			if strings.HasPrefix(to, "etcd:") {
				return fmt.Errorf("--to=%s: etcd can't be restored from a file; see --help", to)
			}
			if bump < 1 {
				return fmt.Errorf("--bump=%d: want at least 1: resourceVersions must not go backwards", bump)
			}
			options.Replace, options.Bump = true, bump
			return s.copy(command, "sqlite:"+file, to, sql.ReadShared, options)
		},
	}
	s.addFlags(command)
	command.Flags().StringVar(&file, "file", "", "the backup")
	command.Flags().StringVar(&to, "to", "", "where its objects shall be")
	command.Flags().Int64Var(&bump, "bump", bump, "by how much resourceVersions are raised: by more than there were writes since the backup")
	required(command, "file", "to")
	return command
}
