package postgrestest

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// credential is as whom the server runs: nil is whoever runs the test. PostgreSQL refuses to run as root.
func credential() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		account, err := user.Lookup(name)
		var unknown user.UnknownUserError
		if errors.As(err, &unknown) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("looking for user %s: %w", name, err)
		}
		uid, err := strconv.ParseUint(account.Uid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("reading the uid of user %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(account.Gid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("reading the gid of user %s: %w", name, err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor nobody: run the test as another user")
}

// copyPrograms copies what tools/postgres/debian.sh has unpacked, for another user, and returns the directory of the programs.
func copyPrograms(binaries, directory string) (string, error) {
	prefix := filepath.Join(binaries, "..", "..", "..", "..", "..") // of usr/lib/postgresql/VERSION/bin
	inside, err := filepath.Rel(prefix, binaries)
	if err != nil {
		return "", err
	}
	to := filepath.Join(directory, "programs")
	if err := os.CopyFS(to, os.DirFS(prefix)); err != nil {
		return "", fmt.Errorf("copying PostgreSQL from %s, which another user can't read: %w", prefix, err)
	}
	return filepath.Join(to, inside), nil
}

// readable fails if another user can't get at a directory.
func readable(directory string) error {
	for ; ; directory = filepath.Dir(directory) {
		info, err := os.Stat(directory)
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o005 != 0o005 {
			return fmt.Errorf("PostgreSQL does not run as root, and other users have no access to %s: run the test as another user, or set %s or TMPDIR to a place that everybody can read", directory, BinariesVariable)
		}
		if directory == filepath.Dir(directory) {
			return nil
		}
	}
}
