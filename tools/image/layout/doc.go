// Package layout reads and writes directories that hold one image, or one index of images, as an OCI image layout
// (https://github.com/opencontainers/image-spec/blob/main/image-layout.md).
package layout
