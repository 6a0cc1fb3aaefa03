package apiserver

import (
	"net/url"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestParametersThatCannotBeRead(t *testing.T) {
	t.Parallel()
	scheme := runtime.NewScheme()
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	codec := parameterCodec{runtime.NewParameterCodec(scheme)}
	for query, want := range map[string]string{
		"limit=3&watch=true":                 "",
		"unknown=abc":                        "",
		"limit=abc":                          `query parameter limit=abc: strconv.ParseInt: parsing "abc": invalid syntax`,
		"labelSelector=a&timeoutSeconds=abc": `query parameter timeoutSeconds=abc: strconv.ParseInt: parsing "abc": invalid syntax`,
		"timeoutSeconds=abc&limit=def":       `query parameter limit=def: strconv.ParseInt: parsing "def": invalid syntax`,
	} {
		parameters, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		err = codec.DecodeParameters(parameters, schema.GroupVersion{Version: "v1"}, &metav1.ListOptions{})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", query, err, want)
		}
	}
}
