package runner

import (
	"fmt"
	"os"
	"regexp"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/e2e-framework/pkg/types"
	"sigs.k8s.io/yaml"

	"example.com/annex/e2e/conformance"
	"example.com/annex/e2e/conformance/claims"
	"example.com/annex/e2e/report"
)

// Plan is what a run does.
type Plan struct {
	// Kubeconfig is a file, with the cluster as its current context.
	Kubeconfig string `json:"kubeconfig"`
	// Kubectl is the program. Where it is empty, what needs kubectl is skipped.
	Kubectl string `json:"kubectl,omitempty"`
	// Run is a name for the run that no other has, valid as the value of a label.
	Run string `json:"run"`
	// Feature selects features by their names, RESOURCE.VERSION.GROUP/AREA. All are selected by default.
	Feature string `json:"feature,omitempty"`
	// Parallel is how many features run at once.
	Parallel int `json:"parallel"`
	// Claims are tried.
	Claims claims.Document `json:"claims"`
}

// Feature is one that the plan has.
type Feature struct {
	// Name is RESOURCE.VERSION.GROUP/AREA.
	Name string
	// Claimed is false where it is checked that there is nothing.
	Claimed bool
	// Assessments are their titles.
	Assessments []string
	// Selected is false for one that is not run.
	Selected bool
}

// Features are those of the resources, in the order of the table.
func (p Plan) Features() ([]Feature, error) {
	selects, err := p.selects()
	if err != nil {
		return nil, err
	}
	resources, err := p.Claims.ToResources()
	if err != nil {
		return nil, err
	}
	var all []Feature
	for _, r := range resources {
		for _, f := range conformance.All(r) {
			feature := f.Builder.Feature()
			planned := Feature{Name: featureName(r.String(), f.Area), Claimed: f.Claimed, Selected: selects(feature)}
			for _, step := range feature.Steps() {
				if step.Level() == types.LevelAssess {
					planned.Assessments = append(planned.Assessments, step.Name())
				}
			}
			all = append(all, planned)
		}
	}
	return all, nil
}

// Announce tells a report what the plan is about.
func (p Plan) Announce(r *report.Report) error {
	resources, err := p.Claims.ToResources()
	if err != nil {
		return err
	}
	for _, resource := range resources {
		for _, f := range conformance.All(resource) {
			r.Plan(resource.String(), f.Area, f.Claimed)
		}
	}
	return nil
}

func featureName(resource, area string) string { return resource + "/" + area }

// Selects says whether the feature about an area of a resource is run.
func (p Plan) Selects() (func(resource schema.GroupVersionResource, area string) bool, error) {
	expression, err := p.expression()
	return func(resource schema.GroupVersionResource, area string) bool {
		return expression.MatchString(featureName(conformance.Resource{GVR: resource}.String(), area))
	}, err
}

// selects says whether a feature is run. What has no area is: it holds what a resource needs.
func (p Plan) selects() (func(types.Feature) bool, error) {
	expression, err := p.expression()
	return func(f types.Feature) bool {
		area, resource := f.Labels()[report.LabelArea], f.Labels()[report.LabelResource]
		return len(area) == 0 || len(resource) == 0 || expression.MatchString(featureName(resource[0], area[0]))
	}, err
}

func (p Plan) expression() (*regexp.Regexp, error) {
	expression, err := regexp.Compile(p.Feature)
	if err != nil {
		return nil, fmt.Errorf("--feature: %w", err)
	}
	return expression, nil
}

// write puts the plan into a file for the child.
func (p Plan) write(file string) error {
	data, err := yaml.Marshal(p)
	if err != nil {
		return fmt.Errorf("encoding the plan of the run: %w", err)
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return fmt.Errorf("handing over the plan of the run: %w", err)
	}
	return nil
}

func readPlan(file string) (Plan, error) {
	var p Plan
	data, err := os.ReadFile(file)
	if err == nil {
		err = yaml.UnmarshalStrict(data, &p)
	}
	if err != nil {
		return p, fmt.Errorf("reading the plan of the run: %w", err)
	}
	return p, nil
}
