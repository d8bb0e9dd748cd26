// SPDX-License-Identifier: Apache-2.0

// Package helm names the command that is built, so that `go mod tidy` keeps what it needs.
package helm

import _ "helm.sh/helm/v4/pkg/cmd"
