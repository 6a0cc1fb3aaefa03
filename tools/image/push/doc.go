// Package push publishes images: to several repositories, under several tags, with what refers to them.
//
// What makes a push safe is its order. First everything goes up by digest, which nobody sees: images, and what refers to
// them. Then it is signed. Tags come last, when all of it is there, in every repository. So a push that breaks off leaves
// tags as they were, and one that is repeated sends what is still missing.
package push
