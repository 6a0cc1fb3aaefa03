package rotation

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"
)

// Controller keeps one server in certificates: see the package's documentation.
type Controller struct {
	options    Options
	kubernetes kubernetes.Interface
	aggregator aggregator.Interface
	content    content

	// The rest belongs to the one worker that Run starts.

	// placedSince is since when this replica has seen the bundle placedBundle in every APIService; zero while it has not.
	placedSince  time.Time
	placedBundle string
}

// New prepares a controller that speaks to kube-apiserver as config says. It asks nothing yet.
func New(config *rest.Config, options Options) (*Controller, error) {
	fail := func(err error) (*Controller, error) {
		return nil, fmt.Errorf("preparing the rotation of certificates: %w", err)
	}
	if err := options.Validate(); err != nil {
		return fail(err)
	}
	c := &Controller{options: options.withDefaults()}
	c.content.name = fmt.Sprintf("Secret %s/%s", options.Namespace, options.Secret)
	var err error
	if c.kubernetes, err = kubernetes.NewForConfig(config); err != nil {
		return fail(err)
	}
	if c.aggregator, err = aggregator.NewForConfig(config); err != nil {
		return fail(err)
	}
	return c, nil
}

// Content is what to serve with. It has a certificate once Prepare returned nil.
func (c *Controller) Content() dynamiccertificates.CertKeyContentProvider { return &c.content }

// prepareInterval is the time between two attempts of Prepare, while kube-apiserver can't be asked.
const prepareInterval = time.Second

// Prepare reads the certificates from the Secret, or, where that is empty, makes them. It tries again until the context ends: while
// kube-apiserver does not answer, and while the Secret or the right to it is not there, which whoever installs the server may
// bring a second later. Each reason to wait is logged once. A Secret that is not ours is returned at once.
func (c *Controller) Prepare(ctx context.Context) error {
	var last error
	err := wait.PollUntilContextCancel(ctx, prepareInterval, true, func(ctx context.Context) (bool, error) {
		state, err := c.load(ctx)
		switch {
		case err == nil:
			c.content.set(state)
			return true, nil
		case errors.Is(err, errUnreadable) || apierrors.IsInvalid(err):
			return false, err
		case last != nil && ctx.Err() != nil:
			return false, nil // That time is up says nothing.
		}
		if last == nil || last.Error() != err.Error() {
			klog.FromContext(ctx).Info("Waiting for the certificates", "secret", klog.KRef(c.options.Namespace, c.options.Secret), "reason", err)
		}
		last = err
		return false, nil
	})
	if err != nil {
		if last != nil {
			err = fmt.Errorf("%w; the last thing known: %w", err, last)
		}
		return fmt.Errorf("getting a serving certificate: %w", err)
	}
	return nil
}

// errUnreadable is a Secret that is not ours, or was changed by somebody.
var errUnreadable = errors.New("unreadable")

// load reads the state, or fills the Secret with one.
func (c *Controller) load(ctx context.Context) (*State, error) {
	for {
		secret, err := c.kubernetes.CoreV1().Secrets(c.options.Namespace).Get(ctx, c.options.Secret, metav1.GetOptions{})
		if err != nil {
			return nil, c.explain(err)
		}
		if !Empty(secret) {
			state, err := Decode(secret, c.options)
			if err != nil {
				return nil, fmt.Errorf("%w (%w)", err, errUnreadable)
			}
			return state, nil
		}
		state, err := NewState(c.options)
		if err != nil {
			return nil, err
		}
		if err = c.write(ctx, secret, state); err == nil {
			klog.FromContext(ctx).Info("Made a certificate authority", "secret", klog.KObj(secret), "expires", state.Signer.Certificate().NotAfter)
			return state, nil
		}
		if !apierrors.IsConflict(err) { // Else another replica was faster.
			return nil, err
		}
	}
}

// explain says what to do about a Secret that is not there.
func (c *Controller) explain(err error) error {
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("%w; apply the server's manifests, which have it with nothing in it: the server may fill it, and not make it", err)
	}
	return err
}

// write puts a state into the Secret, as it was read.
func (c *Controller) write(ctx context.Context, read *corev1.Secret, state *State) error {
	secret := read.DeepCopy()
	if err := state.Encode(secret); err != nil {
		return err
	}
	if _, err := c.kubernetes.CoreV1().Secrets(secret.Namespace).Update(ctx, secret, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("updating Secret %s/%s: %w", secret.Namespace, secret.Name, err)
	}
	return nil
}

// retry delays of what failed: from a fifth of a second to ten.
const minRetry, maxRetry = 200 * time.Millisecond, 10 * time.Second

// Run rotates and reconciles until the context ends. Prepare comes before it. What fails is logged, and tried again.
func (c *Controller) Run(ctx context.Context) {
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[struct{}](minRetry, maxRetry))
	watched, stop, err := c.watch(ctx, func() { queue.Add(struct{}{}) })
	if err != nil {
		klog.FromContext(ctx).Error(err, "Certificates will not be renewed: restart the server")
		return
	}
	defer stop()
	context.AfterFunc(ctx, queue.ShutDown)
	queue.Add(struct{}{})
	for {
		item, shutdown := queue.Get()
		if shutdown {
			return
		}
		due, err := c.reconcile(ctx, watched)
		queue.Done(item)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			klog.FromContext(ctx).Error(err, "Looking after certificates", "secret", klog.KRef(c.options.Namespace, c.options.Secret))
			queue.AddRateLimited(item)
		default:
			queue.Forget(item)
			queue.AddAfter(item, due.Sub(c.options.Now()))
		}
	}
}
