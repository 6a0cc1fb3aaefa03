package v1beta1

import "example.com/annex/servers/capacity/apis/capacity"

// SwaggerDoc describes the fields for OpenAPI.
func (ReservationLogOptions) SwaggerDoc() map[string]string { return capacity.ReservationLogOptionsDoc }
