// Package deployment derives from a server's Definition the Kubernetes objects that install it: its namespace and
// identity, the Secret that it keeps its certificates in, the RBAC rules it needs and those it gives to users, its Service
// and Deployment, and its APIServices. What a server serves and what its manifests say can thus not differ.
//
// All functions are pure: they return objects with their type metadata set, in the order in which they are to be
// applied.
package deployment
