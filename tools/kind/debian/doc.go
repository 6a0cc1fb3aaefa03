// Package debian unpacks packages of the Debian that this machine runs, without installing them: apt finds and downloads
// them with a state of its own, dpkg-deb unpacks them, and no script of theirs runs.
package debian
