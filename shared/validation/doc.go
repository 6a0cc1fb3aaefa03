// Package validation has hand-written rules that hold for objects of many kinds.
package validation
