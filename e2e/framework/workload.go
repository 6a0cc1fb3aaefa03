package framework

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

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/certs"
	"example.com/annex/shared/deployment"
)

// podUser is nobody's on the node.
const podUser = 65532

// workload is what runs a server in Pods: Secret, Deployment and Service.
type workload struct {
	server  Server
	image   string
	serving *certs.Pair
	// etcd is the image of etcd, or empty for a server that stores nothing.
	etcd string
}

func (w workload) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: deployment.DefaultNamespace, Name: name}
}

const certificates = "/run/certificates"

func (w workload) objects() []runtime.Object {
	secret := w.server.Name() + "-serving"
	args := []string{
		fmt.Sprintf("--secure-port=%d", apiserver.DefaultPort),
		"--tls-cert-file=" + certificates + "/" + corev1.TLSCertKey,
		"--tls-private-key-file=" + certificates + "/" + corev1.TLSPrivateKeyKey,
	}
	if w.etcd != "" {
		args = append(args, "--etcd-servers="+etcdURL)
	}
	return append([]runtime.Object{
		&corev1.Secret{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
			ObjectMeta: w.meta(secret),
			Type:       corev1.SecretTypeTLS,
			Data:       map[string][]byte{corev1.TLSCertKey: w.serving.CertificatePEM, corev1.TLSPrivateKeyKey: w.serving.KeyPEM},
		},
	}, deploymentAndService(w.meta(w.server.Name()), 443, corev1.PodSpec{
		ServiceAccountName: w.server.Name(),
		SecurityContext:    &corev1.PodSecurityContext{RunAsNonRoot: ptr.To(true), RunAsUser: ptr.To[int64](podUser), FSGroup: ptr.To[int64](podUser)},
		Containers: []corev1.Container{{
			Name:            "server",
			Image:           w.image,
			ImagePullPolicy: corev1.PullNever,
			Args:            append(args, w.server.Args...),
			Ports:           []corev1.ContainerPort{{Name: portName, ContainerPort: apiserver.DefaultPort}},
			VolumeMounts:    []corev1.VolumeMount{{Name: "certificates", MountPath: certificates, ReadOnly: true}},
			ReadinessProbe: &corev1.Probe{
				PeriodSeconds: 1,
				ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
					Scheme: corev1.URISchemeHTTPS, Path: "/readyz", Port: intstr.FromString(portName),
				}},
			},
		}},
		Volumes: []corev1.Volume{{
			Name:         "certificates",
			VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: secret}},
		}},
	})...)
}

const (
	portName  = "main"
	nameLabel = "app.kubernetes.io/name"

	etcdName = "etcd"
	etcdPort = 2379
)

// etcdURL is the servers' etcd, by its Service. The cluster's network is the run's alone.
var etcdURL = fmt.Sprintf("http://%s.%s.svc:%d", etcdName, deployment.DefaultNamespace, etcdPort)

// etcdObjects are an etcd for the servers, whose data live as long as the Pod.
func etcdObjects(image string) []runtime.Object {
	return deploymentAndService(metav1.ObjectMeta{Namespace: deployment.DefaultNamespace, Name: etcdName}, etcdPort, corev1.PodSpec{
		Containers: []corev1.Container{{
			Name:            etcdName,
			Image:           image,
			ImagePullPolicy: corev1.PullNever,
			Command: []string{"etcd", "--data-dir=/data/etcd", "--unsafe-no-fsync",
				fmt.Sprintf("--listen-client-urls=http://0.0.0.0:%d", etcdPort), "--advertise-client-urls=" + etcdURL},
			Ports:        []corev1.ContainerPort{{Name: portName, ContainerPort: etcdPort}},
			VolumeMounts: []corev1.VolumeMount{{Name: "data", MountPath: "/data"}},
		}},
		Volumes: []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
	})
}

// etcdImage is the image of the cluster's own etcd, which the node has.
func (k *kindCluster) etcdImage(ctx context.Context) (string, error) {
	client, err := kubernetes.NewForConfig(k.KubernetesRestConfig())
	if err != nil {
		return "", fmt.Errorf("looking for etcd's image: %w", err)
	}
	pods, err := client.CoreV1().Pods(metav1.NamespaceSystem).List(ctx, metav1.ListOptions{LabelSelector: "component=etcd"})
	if err != nil {
		return "", fmt.Errorf("looking for etcd's image: %w", err)
	}
	if len(pods.Items) == 0 {
		return "", errors.New("looking for etcd's image: kube-system has no Pod with component=etcd")
	}
	return pods.Items[0].Spec.Containers[0].Image, nil
}

// deploymentAndService are one replica of a Pod, and a Service with a port that leads to its port.
func deploymentAndService(meta metav1.ObjectMeta, port int32, pod corev1.PodSpec) []runtime.Object {
	labels := map[string]string{nameLabel: meta.Name}
	return []runtime.Object{
		&appsv1.Deployment{
			TypeMeta:   metav1.TypeMeta{APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "Deployment"},
			ObjectMeta: meta,
			Spec: appsv1.DeploymentSpec{
				Replicas: ptr.To[int32](1),
				Selector: &metav1.LabelSelector{MatchLabels: labels},
				Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: pod},
			},
		},
		&corev1.Service{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
			ObjectMeta: meta,
			Spec: corev1.ServiceSpec{
				// Its ClusterIP is for kube-apiserver, and its port of the node for tests.
				Type:     corev1.ServiceTypeNodePort,
				Selector: labels,
				Ports:    []corev1.ServicePort{{Name: portName, Port: port, TargetPort: intstr.FromString(portName)}},
			},
		},
	}
}
