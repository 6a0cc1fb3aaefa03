package machine

import "example.com/annex/shared/storage/external"

// mapping says which column of the CMDB's table is which field. What has no column (labels, conditions, the description) is kept
// beside it.
var mapping = external.Mapping{
	Table:     "cmdb.machines",
	Namespace: "team",
	Name:      "hostname",
	Manager:   "cmdb",
	Columns: []external.Column{
		{Name: "asset_tag", Path: "spec.assetTag", Type: external.Text},
		{Name: "site_code", Path: "spec.siteCode", Type: external.Text},
		{Name: "rack", Path: "spec.position.rack", Type: external.Text},
		{Name: "rack_unit", Path: "spec.position.unit", Type: external.Int32},
		{Name: "cores", Path: "spec.cores", Type: external.Int32},
		{Name: "memory_mib", Path: "spec.memoryMiB", Type: external.Int64},
		{Name: "lifecycle", Path: "spec.lifecycle", Type: external.Text, Values: map[string]string{
			"ordered": "Ordered", "in_service": "InService", "maintenance": "Maintenance", "retired": "Retired",
		}},
		{Name: "purchased_on", Path: "spec.purchasedOn", Type: external.Date},
		{Name: "monthly_cost", Path: "spec.monthlyCost", Type: external.Decimal},
		{Name: "id", Path: "status.number", Type: external.Int64, ReadOnly: true},
		{Name: "last_seen", Path: "status.lastSeenTime", Type: external.Time, ReadOnly: true},
	},
	Constraints: map[string]external.Constraint{
		"machines_site_code_fkey": {Path: "spec.siteCode", Message: "the CMDB knows no site of this code"},
		"machines_place":          {Path: "spec.position", Message: "another machine stands there"},
		"machines_unit_in_rack":   {Path: "spec.position.rack", Message: "a unit is one of a rack"},
	},
}
