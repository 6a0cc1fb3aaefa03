// Package fieldnumbers keeps the numbers that fields have in protobuf.
//
// The number is all of a field that protobuf writes, into storage and to clients that were built years ago. So:
//
//   - A field that has been released keeps its number, whatever its place in the struct. The number stands in the field's
//     protobuf tag, which go-to-protobuf writes for a new field and never changes: it takes the next number of the struct.
//   - No other field of the struct ever gets the number. A field that is taken out leaves its tags behind, in a comment such as
//     "// Was: SiteName string `json:"siteName" protobuf:"bytes,2,opt,name=siteName"`", and if its number was the highest of
//     the struct, the next new field is given its tag by hand.
//
// generated.proto in the checkout is the record of what was; [Check] compares it with what is generated now. Upstream's rules
// are the same: https://git.k8s.io/community/contributors/devel/sig-architecture/api_changes.md
package fieldnumbers
