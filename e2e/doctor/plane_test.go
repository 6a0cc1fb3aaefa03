package doctor_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	capacity "example.com/annex/servers/capacity/definition"
	"example.com/annex/shared/certs"
	"example.com/annex/tools/annex/doctor"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/extension"
)

// planeBreakages are in kube-apiserver's flags: each needs a control plane of its own.
func planeBreakages() []breakage {
	return []breakage{
		{
			name:    "no request-header CA",
			flags:   func(*testing.T) []string { return []string{"--requestheader-client-ca-file="} },
			without: []string{extension.StartServer},
			wrong:   doctor.LinkFrontProxy, detail: "has no requestheader-client-ca-file",
			inflict: func(t *testing.T, w *world, s *server) {
				// It ends by itself, or never gets ready.
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() {
					defer close(done)
					for _, step := range s.Steps() {
						if step.Name == extension.StartServer {
							_ = step.Run(ctx)
						}
					}
				}()
				t.Cleanup(func() { cancel(); <-done })
			},
		},
		{
			name: "request-header CA of somebody else",
			flags: func(t *testing.T) []string {
				file := filepath.Join(t.TempDir(), "ca.crt")
				if err := os.WriteFile(file, authority(t, certs.Options{}).CertificatePEM(), 0o600); err != nil {
					t.Fatal(err)
				}
				return []string{"--requestheader-client-ca-file=" + file}
			},
			wrong: doctor.LinkIdentity, detail: "does not know kube-apiserver's certificate",
			symptoms: []symptom{
				{"FailedDiscoveryCheck: failing or missing response from URL: bad status from URL: 401", inCondition},
				{"Unable to authenticate the request", inLog("capacity")},
			},
		},
		{
			name:  "no front-proxy certificate",
			flags: func(*testing.T) []string { return []string{"--proxy-client-cert-file=", "--proxy-client-key-file="} },
			wrong: doctor.LinkFrontProxy, detail: "no --proxy-client-cert-file",
			symptoms: []symptom{
				{"FailedDiscoveryCheck: failing or missing response from URL: bad status from URL: 403", inCondition},
			},
		},
	}
}

// TestPlanes has kube-apiservers whose flags are wrong.
func TestPlanes(t *testing.T) {
	t.Parallel()
	for _, b := range planeBreakages() {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, controlplane.Options{KubeAPIServerArgs: b.flags(t)})
			w.named = true
			s := w.prepare(t, capacity.New())
			s.steps(t, extension.RegisterAPIService, b.without...)
			if b.inflict != nil {
				b.inflict(t, w, s)
			}
			w.diagnose(t, s, s.apiService(), b)
		})
	}
}
