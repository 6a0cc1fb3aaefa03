// Package validation has the rules for capacity.example.com objects that tags on the versioned types can't say: names, and
// what holds between fields and between one state of an object and the next.
//
// Ranges, formats, enumerations and immutability of single fields are tags in the versions (packages v1 and v1beta1). Both kinds run on
// every write; the strategy of a resource calls the functions here.
package validation
