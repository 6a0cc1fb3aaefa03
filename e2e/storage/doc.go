// Package storage has servers keep their objects in SQLite and PostgreSQL, as processes in a real control plane, with what
// goes wrong there: a database that can't be opened, that goes away, that somebody else uses. What resources are held to on
// every backend, suite conformance tries (--storage).
package storage
