// Package tables tests tables.sh, which tools/bazel runs after tests.
package tables
