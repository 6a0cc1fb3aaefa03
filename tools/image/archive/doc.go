// Package archive writes images as archives that container engines load.
package archive
