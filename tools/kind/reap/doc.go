// Package reap is what the first process of a PID namespace has to do: wait for processes that lost their parents.
package reap
