// Package databasetest gives tests the CMDB's database.
package databasetest
