// Package sitecheck is the admission plugin SiteCheck: a Reservation may only ask for slots that its site can give. The site must
// exist in topology.example.com, must not be Offline, and must have as many slots, less those that it keeps for itself. That is
// checked when a Reservation is created, and when it asks for more slots than before, by itself or by its scale; whatever else
// is done with Reservations does not need the site.
//
// It is what an admission plugin looks like that goes by the objects of another aggregated API: a reflector through
// kube-apiserver, a live read where it is out of step or can't answer, and a clear refusal, soon, where the other API can't be read.
package sitecheck
