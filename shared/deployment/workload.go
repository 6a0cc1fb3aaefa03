package deployment

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	"k8s.io/utils/ptr"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/storage"
)

const (
	// ImagePrefix is before the server's name in its image's, until whoever deploys it says where he has pushed it.
	ImagePrefix = "example.com/annex"

	// imageTag is the tag that images get where they are loaded and not pushed (tools/image).
	imageTag = "development"

	// User is whom servers run as, in their images and in their Pods: nobody's on the node.
	User = 65532
)

// ShutdownDelay is --shutdown-delay-duration: how long a server that is shutting down goes on serving, no longer ready, until
// nobody sends it anything new. EndpointSlices and kube-proxy take a second or two.
const ShutdownDelay = 10 * time.Second

// terminationGrace is how long a Pod may take to end: until nobody sends it anything, until the last request in flight has
// reached its time limit, until watches have ended (k8s.io/apiserver/pkg/server.preparedGenericAPIServer.RunWithContext), and a little
// for the listener and the audit log.
func terminationGrace() time.Duration {
	return ShutdownDelay + genericoptions.NewServerRunOptions().RequestTimeout + apiserver.DefaultWatchTermination + 5*time.Second
}

// Where the probes look. A server whose storage is away is not restarted for it, which would not bring storage back, and it
// stays in the Service: it has discovery and OpenAPI to give, without which no namespace of the cluster can be deleted. But a
// new one must have reached its storage once before it counts, so that a rollout with a wrong address stops at its first Pod.
const (
	startupPath  = "/readyz"
	livenessPath = "/livez?exclude=etcd&exclude=database"
)

// readinessPath leaves out the tables of other programs, too: what becomes of them is no reason to take discovery away.
func (i Installation) readinessPath() string {
	path := "/readyz?exclude=etcd&exclude=etcd-readiness&exclude=database"
	for _, tabled := range i.Definition.Tabled() {
		path += "&exclude=" + storage.TableCheck(tabled)
	}
	return path
}

// Image is the image that the Deployment asks for. Kustomize's images, or the program tools/deploy, put another in its place.
func (i Installation) Image() string { return ImagePrefix + "/" + i.name() + ":" + imageTag }

// Workload is the Deployment: one replica, which a rollout replaces without a gap. Where objects are kept is not said:
// components of deploy/ do.
func (i Installation) Workload() []runtime.Object {
	return []runtime.Object{&appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "Deployment"},
		ObjectMeta: i.namespaced(i.name()),
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](1),
			Selector: &metav1.LabelSelector{MatchLabels: i.selector()},
			Strategy: appsv1.DeploymentStrategy{
				Type: appsv1.RollingUpdateDeploymentStrategyType,
				RollingUpdate: &appsv1.RollingUpdateDeployment{
					MaxUnavailable: ptr.To(intstr.FromInt32(0)),
					MaxSurge:       ptr.To(intstr.FromInt32(1)),
				},
			},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: i.labels()},
				Spec:       i.pod(),
			},
		},
	}}
}

func (i Installation) pod() corev1.PodSpec {
	return corev1.PodSpec{
		ServiceAccountName:            i.name(),
		TerminationGracePeriodSeconds: ptr.To(int64(terminationGrace().Seconds())),
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot:   ptr.To(true),
			RunAsUser:      ptr.To[int64](User),
			RunAsGroup:     ptr.To[int64](User),
			FSGroup:        ptr.To[int64](User), // So that it can read Secrets that are mounted, and write volumes.
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		TopologySpreadConstraints: []corev1.TopologySpreadConstraint{
			i.spread(corev1.LabelTopologyZone),
			i.spread(corev1.LabelHostname),
		},
		Containers: []corev1.Container{{
			Name:  "server",
			Image: i.Image(),
			Args:  i.args(),
			Ports: []corev1.ContainerPort{{Name: servicePortName, ContainerPort: apiserver.DefaultPort, Protocol: corev1.ProtocolTCP}},
			Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{
					corev1.ResourceCPU:    resource.MustParse("50m"),
					corev1.ResourceMemory: resource.MustParse("128Mi"),
				},
				// No limit of CPU: a server that is throttled is slow for the whole cluster.
				Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")},
			},
			SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: ptr.To(false),
				ReadOnlyRootFilesystem:   ptr.To(true),
				Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			},
			// Five minutes, for storage that starts at the same time.
			StartupProbe:   probe(startupPath, 2*time.Second, 150),
			LivenessProbe:  probe(livenessPath, 10*time.Second, 6),
			ReadinessProbe: probe(i.readinessPath(), 2*time.Second, 2),
			// What a server that can't start says last is shown by kubectl describe.
			TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
		}},
	}
}

// args are what the server has to be told besides what it finds out in its Pod.
func (i Installation) args() []string {
	args := []string{"--shutdown-delay-duration=" + ShutdownDelay.String()}
	if i.service() != i.name() {
		args = append(args, "--service-name="+i.service())
	}
	return args
}

// spread keeps replicas apart, those of one rollout, where there is a choice.
func (i Installation) spread(topology string) corev1.TopologySpreadConstraint {
	return corev1.TopologySpreadConstraint{
		TopologyKey:       topology,
		MaxSkew:           1,
		WhenUnsatisfiable: corev1.ScheduleAnyway,
		LabelSelector:     &metav1.LabelSelector{MatchLabels: i.selector()},
		MatchLabelKeys:    []string{appsv1.DefaultDeploymentUniqueLabelKey},
	}
}

func probe(path string, period time.Duration, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
			Scheme: corev1.URISchemeHTTPS, Path: path, Port: intstr.FromString(servicePortName),
		}},
		PeriodSeconds:    int32(period.Seconds()),
		TimeoutSeconds:   5,
		FailureThreshold: failures,
	}
}
