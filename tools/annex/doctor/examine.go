package doctor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"

	"example.com/annex/shared/apiserver"
)

// DefaultTimeout is how long kube-apiserver waits when it looks whether a server is there
// (k8s.io/kube-aggregator/pkg/controllers/status/remote).
const DefaultTimeout = 5 * time.Second

// Options say how to examine.
type Options struct {
	// ServiceAccount is who the servers are for kube-apiserver. Empty means that of the pods which the Service selects.
	ServiceAccount types.NamespacedName
	// Definitions are servers whose rights are known. A server is found by its Name, which the labels of its APIServices have.
	Definitions []apiserver.Definition
	// Timeout is how long a server may take for one answer. Zero means DefaultTimeout.
	Timeout time.Duration
}

// Examination looks at APIServices of one cluster.
type Examination struct {
	Options
	kubernetes kubernetes.Interface
	aggregator aggregator.Interface
}

// New prepares an examination. It asks nothing yet.
func New(config *rest.Config, options Options) (*Examination, error) {
	options.Timeout = cmp.Or(options.Timeout, DefaultTimeout)
	e := &Examination{Options: options}
	var err error
	if e.kubernetes, err = kubernetes.NewForConfig(config); err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	if e.aggregator, err = aggregator.NewForConfig(config); err != nil {
		return nil, fmt.Errorf("making a client of the APIServices: %w", err)
	}
	return e, nil
}

// Remote are the names of all APIServices that lead to a server.
func (e *Examination) Remote(ctx context.Context) ([]string, error) {
	list, err := e.aggregator.ApiregistrationV1().APIServices().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing APIServices: %w", err)
	}
	var names []string
	for _, item := range list.Items {
		if item.Spec.Service != nil {
			names = append(names, item.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Forbidden tells of an error whether it is for lack of a right: what can be looked at without it still can.
func Forbidden(err error) bool { return apierrors.IsForbidden(err) }

// Diagnosis is what was found of one APIService.
type Diagnosis struct {
	// APIService is its name.
	APIService string `json:"apiService"`
	// Local is whether kube-apiserver serves it itself: then there is nothing to examine.
	Local bool `json:"local,omitempty"`
	// Wrong is the first link that is wrong. Empty means none.
	Wrong string `json:"wrong,omitempty"`
	// Findings are in the order of the links.
	Findings []Finding `json:"findings"`
}

// FirstWrong is the finding of the first link that is wrong: the reason of whatever is wrong after it. It is nil if none is.
func (d Diagnosis) FirstWrong() *Finding {
	for i, f := range d.Findings {
		if f.Status == Wrong {
			return &d.Findings[i]
		}
	}
	return nil
}

// Examine looks at one APIService. What can't be looked at is a finding, too.
func (e *Examination) Examine(ctx context.Context, name string) Diagnosis {
	s := &Subject{Examination: e, Name: name}
	d := Diagnosis{APIService: name, Findings: walk(ctx, s)}
	d.Local, d.Wrong = s.local, s.firstWrong()
	return d
}
