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

	"example.com/annex/shared/deployment"
)

const (
	etcdName = "etcd"
	etcdPort = 2379
)

// etcdURL is the servers' etcd, by its Service. The cluster's network is the run's alone.
var etcdURL = fmt.Sprintf("http://%s.%s.svc:%d", etcdName, deployment.DefaultNamespace, etcdPort)

// etcdObjects are an etcd for the servers, whose data live as long as the Pod. The namespace takes only Pods of the strictest
// standard.
func etcdObjects(image string) []runtime.Object {
	meta := metav1.ObjectMeta{Namespace: deployment.DefaultNamespace, Name: etcdName}
	labels := map[string]string{deployment.NameLabel: etcdName}
	return []runtime.Object{
		&appsv1.Deployment{
			TypeMeta:   metav1.TypeMeta{APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "Deployment"},
			ObjectMeta: meta,
			Spec: appsv1.DeploymentSpec{
				Replicas: ptr.To[int32](1),
				Selector: &metav1.LabelSelector{MatchLabels: labels},
				Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{
					SecurityContext: &corev1.PodSecurityContext{
						RunAsNonRoot:   ptr.To(true),
						RunAsUser:      ptr.To[int64](deployment.User),
						FSGroup:        ptr.To[int64](deployment.User),
						SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
					},
					Containers: []corev1.Container{{
						Name:            etcdName,
						Image:           image,
						ImagePullPolicy: corev1.PullNever,
						Command: []string{"etcd", "--data-dir=/data/etcd", "--unsafe-no-fsync",
							fmt.Sprintf("--listen-client-urls=http://0.0.0.0:%d", etcdPort), "--advertise-client-urls=" + etcdURL},
						Ports:        []corev1.ContainerPort{{ContainerPort: etcdPort}},
						VolumeMounts: []corev1.VolumeMount{{Name: "data", MountPath: "/data"}},
						SecurityContext: &corev1.SecurityContext{
							AllowPrivilegeEscalation: ptr.To(false),
							Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
						},
					}},
					Volumes: []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
				}},
			},
		},
		&corev1.Service{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
			ObjectMeta: meta,
			Spec: corev1.ServiceSpec{
				Selector: labels,
				Ports:    []corev1.ServicePort{{Port: etcdPort, TargetPort: intstr.FromInt32(etcdPort)}},
			},
		},
	}
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
