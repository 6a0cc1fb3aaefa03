// Package doctor finds out why an aggregated API does not work. It walks the way of a request, from the APIService to a list of
// each resource, and says of each link whether it is right, and which command mends it if not.
//
//	examination, err := doctor.New(config, doctor.Options{})
//	diagnosis := examination.Examine(ctx, "v1.capacity.example.com")
//	if first := diagnosis.FirstWrong(); first != nil {
//		fmt.Println(first.Link, first.Detail, first.Mend)
//	}
//
// The links are in the order of cause and effect: what is wrong first is the reason, and what depends on it is not checked. Nothing
// is written but access reviews, which kube-apiserver answers and forgets.
package doctor
