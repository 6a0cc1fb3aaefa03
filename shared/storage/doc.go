// Package storage puts the resources of an API server into a database: [RESTOptionsGetter] takes what upstream's says of
// a resource (encryption, media type, prefix, garbage collection), and has it stored by package sql, under the watch
// cache.
//
//	database, err := sql.Open(ctx, sql.Options{PostgreSQL: dsn})
//	config.RESTOptionsGetter = storage.RESTOptionsGetter{RESTOptionsGetter: config.RESTOptionsGetter, Database: database}
//	config.AddReadyzChecks(storage.HealthCheck(database, 2*time.Second))
//
// [Tables] are the resources whose objects are rows of tables that other programs own (package external).
//
// Close the database after the server has stopped.
package storage
