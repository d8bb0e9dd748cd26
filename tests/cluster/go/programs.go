// SPDX-License-Identifier: Apache-2.0

// Package programs names the commands that are built, so that `go mod tidy` keeps what they need.
package programs

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver/app"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	_ "k8s.io/kubernetes/cmd/kubelet/app"
)
