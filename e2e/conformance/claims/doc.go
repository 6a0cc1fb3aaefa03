// Package claims finds out what resources claim, from the cluster that serves them and a sample: names, verbs and subresources from
// discovery, constraints from OpenAPI, and from the server itself, by dry runs on an object of the sample, what may change and what
// may not. What can't be found out, or is to be said otherwise, is given in a file: a [Document], which [Derive] fills up.
//
// What a server declares is claimed and then held against it; where it declares nothing, what it was seen to do is claimed, and then
// has to hold in all other ways of doing the same.
package claims
