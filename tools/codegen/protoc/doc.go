// Command protoc is as much of protoc as go-to-protobuf calls: it reads .proto files and has the plug-in protoc-gen-gogo write
// Go code for them.
//
//	protoc -I DIR... --gogo_out=DIR FILE...
//
// It is built with the other generators, from modules of go.mod, so that the same code is generated on every machine and nobody
// needs a protoc of some version: docs/adr/0005-protobuf.md.
package main
