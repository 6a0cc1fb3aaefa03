// Package reservations is a load of the server capacity, and an informer that must hear of all that comes of it.
package reservations
