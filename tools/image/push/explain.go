package push

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// repeat is what helps against errors that pass.
const repeat = "repeat the push: what is there already is not sent again"

// explain adds to an error of a registry what the user can do.
func explain(err error, what string, repository name.Repository) error {
	registry := repository.RegistryStr()
	var response *transport.Error
	var authority x509.UnknownAuthorityError
	var network *net.OpError
	var hint string
	switch {
	case errors.As(err, &authority):
		hint = fmt.Sprintf("%s has a certificate of an authority that is not trusted here: name a file with its CA in SSL_CERT_FILE", registry)
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		hint = fmt.Sprintf("%s speaks no TLS: if that is meant to be, say --plain-http", registry)
	case errors.As(err, &network) && network.Op == "dial":
		hint = fmt.Sprintf("can this machine reach %s, and is that its name? Then repeat the push", registry)
	case !errors.As(err, &response):
		hint = repeat
	case response.StatusCode == http.StatusUnauthorized:
		hint = fmt.Sprintf("%s does not accept these credentials, or wants some: docker login %s (or podman login); they are read from $DOCKER_CONFIG/config.json, ~/.docker/config.json or $REGISTRY_AUTH_FILE", registry, registry)
	case response.StatusCode == http.StatusForbidden:
		hint = fmt.Sprintf("the user that %s knows must be allowed to push to %s", registry, repository.RepositoryStr())
	case response.StatusCode == http.StatusNotFound:
		hint = fmt.Sprintf("%s may want the repository %s to be created first", registry, repository.RepositoryStr())
	case response.StatusCode == http.StatusTooManyRequests:
		hint = fmt.Sprintf("%s limits how much is sent: wait, and repeat the push", registry)
	default:
		hint = repeat
	}
	return fmt.Errorf("%s: %w\n%s", what, err, hint)
}
