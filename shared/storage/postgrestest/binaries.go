package postgrestest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// BinariesVariable is the environment variable that names the directory with the programs of the server.
const BinariesVariable = "ANNEX_POSTGRES_BIN"

// minVersion is the oldest major version that package sql is tried on: Debian 12's.
const minVersion = 15

// Binaries is the directory with the programs of a PostgreSQL server: the newest version that is installed.
func Binaries() (string, error) {
	if directory := os.Getenv(BinariesVariable); directory != "" {
		if err := complete(directory); err != nil {
			return "", fmt.Errorf("looking for PostgreSQL in %s (%s): %w", directory, BinariesVariable, err)
		}
		return filepath.Abs(directory)
	}
	roots := []string{"/usr/lib/postgresql"}
	if cache, err := os.UserCacheDir(); err == nil {
		roots = append(roots, filepath.Join(cache, "annex", "postgresql", "usr", "lib", "postgresql"))
	}
	for _, root := range roots {
		entries, err := os.ReadDir(root)
		if err != nil {
			continue
		}
		versions := []int{}
		for _, entry := range entries {
			if version, err := strconv.Atoi(entry.Name()); err == nil && version >= minVersion {
				versions = append(versions, version)
			}
		}
		slices.Sort(versions)
		for _, version := range slices.Backward(versions) {
			directory := filepath.Join(root, strconv.Itoa(version), "bin")
			if complete(directory) == nil {
				return directory, nil
			}
		}
	}
	return "", fmt.Errorf("there is no PostgreSQL %d or newer in %q, and %s is not set: on Debian, run tools/postgres/debian.sh, which gets one without installing it", minVersion, roots, BinariesVariable)
}

func complete(directory string) error {
	for _, program := range []string{"initdb", "postgres"} {
		if _, err := os.Stat(filepath.Join(directory, program)); err != nil {
			return err
		}
	}
	return nil
}

// libraries is the environment in which programs find the libraries that are unpacked beside them
// (tools/postgres/debian.sh); empty where they are installed.
func libraries(binaries string) []string {
	// usr/lib/postgresql/VERSION/bin
	found, err := filepath.Glob(filepath.Join(binaries, "..", "..", "..", "*-linux-gnu"))
	if err != nil || len(found) == 0 || strings.HasPrefix(binaries, "/usr/") {
		return nil
	}
	return []string{"LD_LIBRARY_PATH=" + strings.Join(found, ":")}
}
