package deploy

import "embed"

// Files are base, components and overlays, for programs that render them wherever they run.
//
//go:embed base components overlays
var Files embed.FS
