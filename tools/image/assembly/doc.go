// Package assembly puts images together: files, a program and a configuration, on top of another image or of nothing.
package assembly
