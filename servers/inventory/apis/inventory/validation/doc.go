// Package validation has the rules for inventory.example.com objects that tags on the versioned types can't say, so that they are
// named before the database does. What only the database knows (which sites there are, that a place is taken) it says itself.
package validation
