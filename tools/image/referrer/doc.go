// Package referrer makes artifacts that refer to an image: what a registry lists when it is asked what there is about an
// image (the referrers API of https://github.com/opencontainers/distribution-spec/blob/main/spec.md).
package referrer
