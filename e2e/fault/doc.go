// Package fault makes the way to a server worse than it is, without the server's knowledge: [Proxy] is slow, and [API] has a fault of its own.
package fault
