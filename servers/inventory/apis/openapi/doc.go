// Package openapi has the OpenAPI definitions of every type that the server speaks: those of its API groups, and those of
// k8s.io/apimachinery that they and the server's own endpoints are made of. All of it is generated.
package openapi
