package apiserver_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/cel/environment"

	"example.com/annex/shared/apiserver"
)

// TestCommandSetsTheVersionsOfPolicies reads what the webhook and policy plugins compile CEL with. Not parallel: the
// command sets what holds for the whole process.
func TestCommandSetsTheVersionsOfPolicies(t *testing.T) {
	command, err := apiserver.NewCommand(wardleDefinition())
	if err != nil {
		t.Fatal(err)
	}
	before := environment.DefaultCompatibilityVersion()
	want := before.SubtractMinor(1)
	command.SetArgs([]string{"--min-compatibility-version=" + want.String()})
	if err := command.Execute(); err == nil {
		t.Fatal("without --etcd-servers: want an error")
	}
	if got := environment.DefaultCompatibilityVersion(); !got.EqualTo(version.MajorMinor(want.Major(), want.Minor())) {
		t.Errorf("--min-compatibility-version=%s: policies are compiled for %s, as without the flag", want, got)
	}
	// The command's flags have been made: options of a server that is embedded must be possible after that, too.
	if _, err := apiserver.NewOptions(wardleDefinition()); err != nil {
		t.Error(err)
	}
}
