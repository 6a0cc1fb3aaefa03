package sql_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/apis/example"
	examplev1 "k8s.io/apiserver/pkg/apis/example/v1"
	"k8s.io/apiserver/pkg/storage"

	"example.com/annex/shared/storage/sql"
)

// A resource in a SQLite database: an object is created, and a watch sees it.
func Example() {
	if err := run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output: ADDED web at revision 2
}

func run(ctx context.Context) error {
	directory, err := os.MkdirTemp("", "example")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(directory) }()

	database, err := sql.Open(ctx, sql.Options{SQLite: filepath.Join(directory, "objects.db")})
	if err != nil {
		return err
	}
	defer func() { _ = database.Close() }()

	scheme := runtime.NewScheme()
	if err := example.AddToScheme(scheme); err != nil {
		return err
	}
	if err := examplev1.AddToScheme(scheme); err != nil {
		return err
	}
	store, err := sql.New(database, sql.Config{
		Codec:          serializer.NewCodecFactory(scheme).LegacyCodec(examplev1.SchemeGroupVersion),
		New:            func() runtime.Object { return &example.Pod{} },
		Prefix:         "/annex",
		ResourcePrefix: "/pods/",
		Resource:       schema.GroupResource{Group: example.GroupName, Resource: "pods"},
	})
	if err != nil {
		return err
	}

	watch, err := store.Watch(ctx, "/pods/default", storage.ListOptions{ResourceVersion: "1", Predicate: storage.Everything, Recursive: true})
	if err != nil {
		return err
	}
	defer watch.Stop()
	pod := &example.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"}}
	if err := store.Create(ctx, "/pods/default/web", pod, nil, 0); err != nil {
		return err
	}
	event := <-watch.ResultChan()
	seen := event.Object.(*example.Pod)
	fmt.Println(event.Type, seen.Name, "at revision", seen.ResourceVersion)
	return nil
}
