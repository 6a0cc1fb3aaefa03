// Package inventory is the end-to-end suite of the inventory server, on a PostgreSQL server with the tables of the CMDB.
package inventory
