// Package auth is about who may do what. [Access] finds out what a server lacks of the rights that it needs in the cluster, and
// says it in the words of RBAC: which verb, on what, and the rule to add.
package auth
