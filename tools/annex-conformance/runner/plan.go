package runner

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"

	"sigs.k8s.io/e2e-framework/pkg/types"

	"example.com/annex/e2e/conformance"
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
	// Feature selects features by their names, and by RESOURCE.VERSION.GROUP/AREA. All are selected by default.
	Feature string `json:"feature,omitempty"`
	// Parallel is how many features run at once.
	Parallel int `json:"parallel"`
	// Resources are tried.
	Resources []conformance.Resource `json:"resources"`
}

// Feature is a feature, and its place in the table.
type Feature struct {
	types.Feature
	// Resource and Area are its column and its row.
	Resource, Area string
	// Selected is false for one that the plan does not run.
	Selected bool
}

// Name is unique among features: sites.v1.topology.example.com/Watch.
func (f Feature) Name() string { return f.Resource + "/" + f.Area }

// Features are those that the resources claim, in the order of the table.
func (p Plan) Features() ([]Feature, error) {
	selects, err := regexp.Compile(p.Feature)
	if err != nil {
		return nil, fmt.Errorf("--feature: %w", err)
	}
	var all []Feature
	for _, r := range p.Resources {
		for _, area := range conformance.All(r) {
			f := Feature{Feature: area.Builder.Feature(), Resource: r.String(), Area: area.Name}
			f.Selected = selects.MatchString(f.Name()) || selects.MatchString(f.Feature.Name())
			all = append(all, f)
		}
	}
	return all, nil
}

// Announce tells a report what the plan will run.
func (p Plan) Announce(r *report.Report) error {
	features, err := p.Features()
	if err != nil {
		return err
	}
	for _, f := range features {
		r.Plan(f.Resource, f.Area)
	}
	return nil
}

// write puts the plan into a file for the child.
func (p Plan) write(file string) error {
	data, err := json.Marshal(p)
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
		err = json.Unmarshal(data, &p)
	}
	if err != nil {
		return p, fmt.Errorf("reading the plan of the run: %w", err)
	}
	return p, nil
}
