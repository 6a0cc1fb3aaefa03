package capacity

import "example.com/annex/shared/registry/logoptions"

// ReservationLogOptionsDoc is what the fields of ReservationLogOptions are for, the same in all versions.
var ReservationLogOptionsDoc = logoptions.Doc("Reservation")
