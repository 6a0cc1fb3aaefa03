// Package fault makes the way to a server worse than it is, without the server's knowledge.
package fault
