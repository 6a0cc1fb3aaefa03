package doctor

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// checkEndpoints looks for somebody behind the Service: an address that is ready, with the Service's port.
func checkEndpoints(ctx context.Context, s *Subject) Finding {
	if s.service.Spec.Type == corev1.ServiceTypeExternalName {
		s.addresses = []string{net.JoinHostPort(s.service.Spec.ExternalName, strconv.Itoa(int(s.servicePort())))}
		return right("none are needed: ExternalName")
	}
	if s.port == nil {
		return notChecked("because the Service has not the port")
	}
	list, err := s.kubernetes.DiscoveryV1().EndpointSlices(s.service.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: labels.Set{discoveryv1.LabelServiceName: s.service.Name}.String(),
	})
	if err != nil {
		return unread(err, authorizationv1.ResourceAttributes{Namespace: s.service.Namespace, Group: discoveryv1.GroupName, Resource: "endpointslices", Verb: "list"})
	}
	s.slices = list.Items
	total, portless := 0, 0
	for _, slice := range s.slices {
		port, ok := s.portOf(slice)
		for _, endpoint := range slice.Endpoints {
			total++
			switch {
			case endpoint.Conditions.Ready != nil && !*endpoint.Conditions.Ready:
			case !ok:
				portless++
			default:
				s.addresses = append(s.addresses, net.JoinHostPort(endpoint.Addresses[0], strconv.Itoa(int(port))))
			}
		}
	}
	switch {
	case len(s.addresses) > 0:
		return right("%d of %d ready: %s", len(s.addresses), total, strings.Join(s.addresses, ", "))
	case portless > 0:
		return wrong("%d are ready, none with a port named %q, as the Service's port %d is", portless, s.port.Name, s.port.Port).
			advise("give the port of the EndpointSlices, and the targetPort of the Service, the same names")
	}
	return s.noEndpoints(ctx, total)
}

// portOf is the port of an EndpointSlice that has the name of the Service's port: kube-apiserver goes by that
// (k8s.io/apiserver/pkg/util/proxy.RandomEndpoint).
func (s *Subject) portOf(slice discoveryv1.EndpointSlice) (int32, bool) {
	for _, p := range slice.Ports {
		if p.Name != nil && *p.Name == s.port.Name && p.Port != nil {
			return *p.Port, true
		}
	}
	return 0, false
}

// noEndpoints says why there is no endpoint that is ready.
func (s *Subject) noEndpoints(ctx context.Context, total int) Finding {
	selector := labels.SelectorFromSet(s.service.Spec.Selector).String()
	switch {
	case len(s.service.Spec.Selector) == 0 && len(s.slices) == 0:
		return wrong("the Service has no selector, and no EndpointSlice has the label %s=%s", discoveryv1.LabelServiceName, s.service.Name).
			advise("make an EndpointSlice with the server's address and a port named %q", s.port.Name)
	case len(s.service.Spec.Selector) == 0:
		return wrong("none of %d is ready, in EndpointSlices that somebody wrote by hand", total).
			mend("%s", readyPatch(s.slices)).advise("first see that the server is ready")
	case s.podsError != nil:
		f := unread(s.podsError, listPods(s.service.Namespace))
		return wrong("none is ready; why is not known: %s", f.Detail)
	case len(s.pods) == 0:
		return s.noPods(ctx, selector)
	}
	var reasons []string
	for _, pod := range s.pods {
		reasons = append(reasons, whyNotReady(pod))
	}
	return wrong("no pod is ready: %s", strings.Join(reasons, "; ")).
		advise("kubectl describe pod -n %s %s; kubectl logs -n %s %s", s.service.Namespace, s.pods[0].Name, s.service.Namespace, s.pods[0].Name)
}

// noPods is about a selector that matches nothing.
func (s *Subject) noPods(ctx context.Context, selector string) Finding {
	f := wrong("the Service's selector %s matches no pod", selector)
	list, err := s.kubernetes.CoreV1().Pods(s.service.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil || len(list.Items) == 0 {
		return f.advise("there are no pods in namespace %s: look at the server's Deployment, kubectl get deployments,replicasets,events -n %s", s.service.Namespace, s.service.Namespace)
	}
	for _, pod := range list.Items {
		// The pods of this server have its name by every convention, if in another label.
		for _, key := range []string{"app.kubernetes.io/name", "app", "k8s-app"} {
			if pod.Labels[key] == s.service.Name {
				return f.mend(`kubectl patch service -n %s %s --type=merge -p '{"spec":{"selector":%s}}'`, s.service.Namespace, s.service.Name,
					selectorPatch(s.service.Spec.Selector, key, s.service.Name))
			}
		}
	}
	return f.advise("give the Service the labels of the server's pods: kubectl get pods -n %s --show-labels", s.service.Namespace)
}

// selectorPatch replaces a selector by one label.
func selectorPatch(old map[string]string, key, value string) string {
	parts := []string{fmt.Sprintf("%q:%q", key, value)}
	for _, name := range slices.Sorted(maps.Keys(old)) {
		if name != key {
			parts = append(parts, fmt.Sprintf("%q:null", name))
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// readyPatch is the command that says of the first endpoint that it is ready.
func readyPatch(slices []discoveryv1.EndpointSlice) string {
	for _, slice := range slices {
		if len(slice.Endpoints) > 0 {
			return fmt.Sprintf(`kubectl patch endpointslice -n %s %s --type=json -p '[{"op":"add","path":"/endpoints/0/conditions/ready","value":true}]'`,
				slice.Namespace, slice.Name)
		}
	}
	return ""
}

// whyNotReady is what a pod, or the kubelet of its node, says.
func whyNotReady(pod corev1.Pod) string {
	for _, container := range pod.Status.ContainerStatuses {
		switch state := container.State; {
		case state.Waiting != nil:
			return strings.TrimSuffix(fmt.Sprintf("%s: container %s waits: %s: %s", pod.Name, container.Name, state.Waiting.Reason, state.Waiting.Message), ": ")
		case state.Terminated != nil:
			return fmt.Sprintf("%s: container %s ended with %d: %s", pod.Name, container.Name, state.Terminated.ExitCode, state.Terminated.Reason)
		}
	}
	for _, condition := range pod.Status.Conditions {
		if (condition.Type == corev1.PodReady || condition.Type == corev1.PodScheduled) && condition.Status == corev1.ConditionFalse {
			return strings.TrimSuffix(fmt.Sprintf("%s: %s: %s", pod.Name, condition.Reason, condition.Message), ": ")
		}
	}
	return fmt.Sprintf("%s: %s", pod.Name, pod.Status.Phase)
}
