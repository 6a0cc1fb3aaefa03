// Cmdb keeps an inventory of machines in PostgreSQL: a program of many years, which knows nothing of Kubernetes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"example.com/annex/servers/inventory/cmdb/database"
)

const usage = `cmdb COMMAND: the database is $CMDB_DSN, or as PGHOST, PGDATABASE and so on say

  schema                        print the SQL that makes the tables
  create                        make the tables
  import FILE.csv               write the machines of a file
  move TEAM HOSTNAME TEAM       give a machine to another team
  churn [--rate=N] [--for=D]    change machines at random, N times a second, for so long
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cmdb:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	if len(args) == 0 {
		return errors.New("which command?\n" + usage)
	}
	if args[0] == "schema" {
		_, err := fmt.Fprint(out, database.Schema)
		return err
	}
	db, err := database.Open(os.Getenv("CMDB_DSN"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	switch command, args := args[0], args[1:]; {
	case command == "create" && len(args) == 0:
		return db.Create(ctx)
	case command == "import" && len(args) == 1:
		file, err := os.Open(args[0])
		if err != nil {
			return err
		}
		defer file.Close()
		count, err := db.Import(ctx, file)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%d machines\n", count)
		return err
	case command == "move" && len(args) == 3:
		return db.Move(ctx, args[0], args[1], args[2])
	case command == "churn":
		return churn(ctx, db, args, out)
	}
	return fmt.Errorf("%q is none of its commands, or has other arguments\n%s", args, usage)
}

func churn(ctx context.Context, db *database.Database, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("churn", flag.ContinueOnError)
	rate := flags.Float64("rate", 10, "how many writes there are a second")
	duration := flags.Duration("for", time.Minute, "how long")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, *duration)
	defer cancel()
	done, err := db.Churn(ctx, *rate)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d writes, the slowest in %v\n", done.Writes, done.Slowest)
	return err
}
