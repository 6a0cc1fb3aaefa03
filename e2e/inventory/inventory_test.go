package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/conformance"
	"example.com/annex/e2e/framework"
	"example.com/annex/e2e/resilience"
	"example.com/annex/e2e/resources"
	"example.com/annex/e2e/step"
	"example.com/annex/servers/inventory/cmdb/database"
	"example.com/annex/shared/storage/postgrestest"
)

var (
	testenv *framework.Environment
	cmdb    *database.Database
	dsn     string // of the CMDB
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (status int) {
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx := context.Background()
	server, err := postgrestest.Run(ctx)
	if err != nil {
		return fail(err)
	}
	defer func() {
		if err := server.Close(); err != nil {
			status = fail(err)
		}
	}()
	dsn, err = server.NewDatabase(ctx)
	if err == nil {
		cmdb, err = database.Open(dsn)
	}
	if err == nil {
		err = errors.Join(cmdb.Create(ctx), cmdb.Fill(ctx, "before-the-server", 100))
	}
	if err == nil {
		testenv, err = framework.New(framework.Suite{Name: "inventory", Servers: []framework.Server{resources.Inventory(dsn)}})
	}
	if err != nil {
		return fail(err)
	}
	return testenv.Run(m)
}

// It runs alone, before the others: it takes the server away.
func TestAvailable(t *testing.T) {
	for _, r := range resources.Machines() {
		testenv.Test(t, resilience.Available("inventory", r.GVR.GroupVersion()))
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	conformance.Run(t, testenv, resources.Machines()...)
}

// TestCMDB: what the CMDB does with SQL, kubectl sees, and the other way round.
func TestCMDB(t *testing.T) {
	t.Parallel()
	var s step.Session
	testenv.Test(t, features.New("the CMDB and kubectl").
		Setup(s.Open).
		Assess("machines that were there are objects", step.Do(func(ctx context.Context, t *testing.T) {
			list, err := resources.Machines()[0].Objects(s.Clients, "before-the-server").List(ctx, metav1.ListOptions{})
			if err != nil || len(list.Items) != 100 {
				t.Fatalf("there are %d machines, %v, not 100", len(list.Items), err)
			}
		})).
		Assess("what is imported is an object, and is moved", step.Do(func(ctx context.Context, t *testing.T) {
			file := "team,hostname,asset_tag,site_code,rack,rack_unit,cores,memory_mib,lifecycle,purchased_on,monthly_cost\n" +
				s.Namespace + ",db-1," + s.Namespace + ",fra1,r7,3,16,65536,in_service,2026-01-31,120.5\n"
			if _, err := cmdb.Import(ctx, strings.NewReader(file)); err != nil {
				t.Fatal(err)
			}
			machines := resources.Machines()[0].Objects(s.Clients, s.Namespace)
			got, err := machines.Get(ctx, "db-1", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			spec, _ := got.Object["spec"].(map[string]any)
			if spec["monthlyCost"] != "120.50" || spec["lifecycle"] != "InService" || spec["purchasedOn"] != "2026-01-31" {
				t.Errorf("the machine is %v", spec)
			}
			if err := cmdb.Move(ctx, s.Namespace, "db-1", "before-the-server"); err != nil {
				t.Fatal(err)
			}
			if _, err := machines.Get(ctx, "db-1", metav1.GetOptions{}); err == nil {
				t.Error("a machine that was moved is there still")
			}
		})))
}
