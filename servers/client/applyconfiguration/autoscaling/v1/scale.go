// Package v1 has the apply configurations of autoscaling/v1 that generated clients look for among their own: they are
// client-go's. It is written by hand.
package v1

import "k8s.io/client-go/applyconfigurations/autoscaling/v1"

// ScaleApplyConfiguration is what ApplyScale takes; k8s.io/client-go/applyconfigurations/autoscaling/v1.Scale makes one.
type ScaleApplyConfiguration = v1.ScaleApplyConfiguration
