package embedded_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"

	"example.com/annex/shared/apiservertest"
	"example.com/annex/tools/controlplane"
)

// tableOf is the media type of a list that the server has printed.
const tableOf = "application/json;as=Table;v=v1;g=meta.k8s.io"

// age is the last cell of a line that kubectl prints.
var age = regexp.MustCompile(`(?m)\d+[smh]$`)

// tables are the samples of a server in its tables, by file names: as they are on the wire, and as kubectl prints them.
func tables(t *testing.T, server *apiservertest.Server, s served) map[string][]byte {
	t.Helper()
	client, err := discovery.NewDiscoveryClientForConfig(server.Config)
	if err != nil {
		t.Fatal(err)
	}
	for _, sample := range s.samples {
		create(t, client.RESTClient(), sample)
	}
	kubectl := kubectlFor(t, server.Config)
	files := map[string][]byte{}
	for _, group := range s.definition.Groups {
		for _, version := range group.Versions {
			for _, resource := range group.Resources {
				name := group.Name + "_" + version + "_" + resource.Name()
				files[name+"_table.yaml"] = wire(t, client.RESTClient(), "/apis/"+group.Name+"/"+version+"/"+resource.Name())
				qualified := resource.Name() + "." + version + "." + group.Name
				files[name+"_kubectl.txt"] = []byte(strings.Join([]string{
					"$ kubectl get " + resource.Name(),
					kubectl("get", "--all-namespaces", qualified),
					"$ kubectl get " + resource.Name() + " --output=wide",
					kubectl("get", "--all-namespaces", "--output=wide", qualified),
				}, "\n"))
			}
		}
	}
	return files
}

// create makes an object of a sample.
func create(t *testing.T, client rest.Interface, sample string) {
	t.Helper()
	var object struct {
		APIVersion, Kind string
		Metadata         struct{ Namespace string }
	}
	body, err := yaml.YAMLToJSON([]byte(sample))
	if err == nil {
		err = json.Unmarshal(body, &object)
	}
	if err != nil {
		t.Fatalf("decoding the sample %s: %v", sample, err)
	}
	path := []string{"apis", object.APIVersion}
	if object.Metadata.Namespace != "" {
		path = append(path, "namespaces", object.Metadata.Namespace)
	}
	path = append(path, strings.ToLower(object.Kind)+"s")
	err = client.Post().AbsPath(path...).SetHeader("Content-Type", "application/json").Body(body).Do(t.Context()).Error()
	if err != nil {
		t.Fatalf("creating the sample %s: %v", sample, err)
	}
}

// wire is a table as it is sent, without what differs from run to run.
func wire(t *testing.T, client rest.Interface, path string) []byte {
	t.Helper()
	data, err := client.Get().AbsPath(path).SetHeader("Accept", tableOf).Param("includeObject", "None").Do(t.Context()).Raw()
	if err != nil {
		t.Fatalf("listing %s as a table: %v", path, err)
	}
	var table map[string]any
	if err := json.Unmarshal(data, &table); err != nil {
		t.Fatal(err)
	}
	delete(table["metadata"].(map[string]any), "resourceVersion")
	rows := table["rows"].([]any)
	if len(rows) == 0 {
		t.Fatalf("%s: the table has no rows", path)
	}
	for _, row := range rows {
		cells := row.(map[string]any)["cells"].([]any)
		cells[len(cells)-1] = "0s"
	}
	data, err = yaml.Marshal(table)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// kubectlFor runs kubectl against a server, as its administrator. The ages that it prints are all 0s.
func kubectlFor(t *testing.T, config *rest.Config) func(args ...string) string {
	t.Helper()
	binaries, err := controlplane.FindBinaries()
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	err = clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{"server": {
			Server: config.Host, TLSServerName: config.TLSClientConfig.ServerName, CertificateAuthorityData: config.TLSClientConfig.CAData,
		}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"admin": {Token: config.BearerToken}},
		Contexts:       map[string]*clientcmdapi.Context{"server": {Cluster: "server", AuthInfo: "admin"}},
		CurrentContext: "server",
	}, kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	return func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), binaries.Kubectl, append([]string{"--kubeconfig", kubeconfig, "--cache-dir", t.TempDir()}, args...)...)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil {
			t.Fatalf("kubectl %v: %v: %s", args, err, stderr.String())
		}
		return age.ReplaceAllString(stdout.String(), "0s")
	}
}
