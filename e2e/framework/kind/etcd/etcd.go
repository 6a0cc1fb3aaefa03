package etcd

import (
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"

	"example.com/annex/e2e/framework/kind"
	"example.com/annex/shared/certs"
	"example.com/annex/shared/deployment"
)

const (
	name = "etcd"
	port = 2379

	certificates = "/etc/etcd"
	authority    = "ca.crt"
)

// Etcd is one in the servers' namespace.
type Etcd struct {
	// Image is the one of the cluster's own etcd, as [Image] finds it.
	Image string
	// Authority signs its certificate, and those of its clients: nobody else is answered. Without one it takes requests without TLS,
	// from everybody whom the cluster's network lets.
	Authority *certs.Authority
}

func (e Etcd) scheme() string {
	if e.Authority != nil {
		return "https"
	}
	return "http"
}

// URL is where clients find it.
func (e Etcd) URL() string {
	return fmt.Sprintf("%s://%s.%s.svc:%d", e.scheme(), name, deployment.DefaultNamespace, port)
}

// Objects are what it consists of, on the control plane's node, which no test drains. Their namespace must be there, and takes only
// Pods of the strictest standard.
func (e Etcd) Objects() ([]runtime.Object, error) {
	meta := metav1.ObjectMeta{Namespace: deployment.DefaultNamespace, Name: name}
	labels := map[string]string{deployment.NameLabel: name}
	command := []string{"etcd", "--data-dir=/data/etcd", "--unsafe-no-fsync",
		fmt.Sprintf("--listen-client-urls=%s://0.0.0.0:%d", e.scheme(), port), "--advertise-client-urls=" + e.URL()}
	volumes := []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
	mounts := []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}
	var objects []runtime.Object
	if e.Authority != nil {
		serving, err := e.Authority.IssueServer(certs.ServiceNames(name, deployment.DefaultNamespace, "cluster.local"))
		if err != nil {
			return nil, fmt.Errorf("issuing etcd's certificate: %w", err)
		}
		objects = append(objects, e.secret(name, serving))
		command = append(command, "--client-cert-auth", "--trusted-ca-file="+certificates+"/"+authority,
			"--cert-file="+certificates+"/"+corev1.TLSCertKey, "--key-file="+certificates+"/"+corev1.TLSPrivateKeyKey)
		volumes = append(volumes, corev1.Volume{Name: "certificates", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: name}}})
		mounts = append(mounts, corev1.VolumeMount{Name: "certificates", MountPath: certificates, ReadOnly: true})
	}
	return append(objects,
		&appsv1.Deployment{
			TypeMeta:   metav1.TypeMeta{APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "Deployment"},
			ObjectMeta: meta,
			Spec: appsv1.DeploymentSpec{
				Replicas: ptr.To[int32](1),
				Selector: &metav1.LabelSelector{MatchLabels: labels},
				Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{
					NodeSelector: map[string]string{kind.ControlPlaneLabel: ""},
					SecurityContext: &corev1.PodSecurityContext{
						RunAsNonRoot:   ptr.To(true),
						RunAsUser:      ptr.To[int64](deployment.User),
						FSGroup:        ptr.To[int64](deployment.User),
						SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
					},
					Containers: []corev1.Container{{
						Name:            name,
						Image:           e.Image,
						ImagePullPolicy: corev1.PullNever,
						Command:         command,
						Ports:           []corev1.ContainerPort{{ContainerPort: port}},
						VolumeMounts:    mounts,
						SecurityContext: &corev1.SecurityContext{
							AllowPrivilegeEscalation: ptr.To(false),
							Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
						},
					}},
					Volumes: volumes,
				}},
			},
		},
		&corev1.Service{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
			ObjectMeta: meta,
			Spec: corev1.ServiceSpec{
				Selector: labels,
				Ports:    []corev1.ServicePort{{Port: port, TargetPort: intstr.FromInt32(port)}},
			},
		},
	), nil
}

// ClientObjects are what deploy/components/storage-etcd wants for a server: a Secret and a ConfigMap, both SERVER-etcd.
func (e Etcd) ClientObjects(server string) ([]runtime.Object, error) {
	client, err := e.Authority.IssueClient(server)
	if err != nil {
		return nil, fmt.Errorf("issuing a certificate of etcd's client %s: %w", server, err)
	}
	own := server + "-etcd"
	return []runtime.Object{
		e.secret(own, client),
		&corev1.ConfigMap{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
			ObjectMeta: metav1.ObjectMeta{Namespace: deployment.DefaultNamespace, Name: own},
			Data:       map[string]string{"servers": e.URL()},
		},
	}, nil
}

func (e Etcd) secret(name string, pair *certs.Pair) *corev1.Secret {
	return &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Namespace: deployment.DefaultNamespace, Name: name},
		Type:       corev1.SecretTypeTLS,
		Data: map[string][]byte{
			authority:               e.Authority.CertificatePEM(),
			corev1.TLSCertKey:       pair.CertificatePEM,
			corev1.TLSPrivateKeyKey: pair.KeyPEM,
		},
	}
}

// Image is the image of the cluster's own etcd, which the control plane's node has.
func Image(ctx context.Context, client kubernetes.Interface) (string, error) {
	pods, err := client.CoreV1().Pods(metav1.NamespaceSystem).List(ctx, metav1.ListOptions{LabelSelector: "component=etcd"})
	if err != nil {
		return "", fmt.Errorf("looking for etcd's image: %w", err)
	}
	if len(pods.Items) == 0 {
		return "", errors.New("looking for etcd's image: kube-system has no Pod with component=etcd")
	}
	return pods.Items[0].Spec.Containers[0].Image, nil
}
