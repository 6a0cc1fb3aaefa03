package controlplane

import (
	"context"
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/utils/ptr"
)

// WriteKubeconfig writes a kubeconfig file that says what a rest.Config says of
// the server's address, its CA, and the credentials: client certificate, bearer
// token, or the file of one.
func WriteKubeconfig(name string, config *rest.Config) error {
	const entry = "annex"
	file := clientcmdapi.NewConfig()
	file.Clusters[entry] = &clientcmdapi.Cluster{
		Server:                   config.Host,
		CertificateAuthority:     config.CAFile,
		CertificateAuthorityData: config.CAData,
	}
	file.AuthInfos[entry] = &clientcmdapi.AuthInfo{
		ClientCertificate:     config.CertFile,
		ClientCertificateData: config.CertData,
		ClientKey:             config.KeyFile,
		ClientKeyData:         config.KeyData,
		Token:                 config.BearerToken,
		TokenFile:             config.BearerTokenFile,
	}
	file.Contexts[entry] = &clientcmdapi.Context{Cluster: entry, AuthInfo: entry}
	file.CurrentContext = entry
	// Mode 0600: clientcmd makes it so.
	if err := clientcmd.WriteToFile(*file, name); err != nil {
		return fmt.Errorf("writing kubeconfig %s: %w", name, err)
	}
	return nil
}

// tokenLife is that of a ServiceAccount's token. Nobody renews it, as the
// kubelet would: it outlives any test, and any demo left running over a holiday.
const tokenLife = 30 * 24 * time.Hour

// WriteServiceAccountKubeconfig writes a kubeconfig file for a program that runs
// as a ServiceAccount, with a token of it.
func (c *ControlPlane) WriteServiceAccountKubeconfig(ctx context.Context, name, namespace, account string) error {
	client, err := kubernetes.NewForConfig(c.RESTConfig())
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	token, err := client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, account, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: ptr.To(int64(tokenLife.Seconds()))},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("asking for a token of ServiceAccount %s/%s: %w", namespace, account, err)
	}
	config := c.AnonymousConfig()
	config.BearerToken = token.Status.Token
	return WriteKubeconfig(name, config)
}
