// Package inspection checks an image against what is expected of it, without running it.
package inspection
