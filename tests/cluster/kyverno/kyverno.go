// SPDX-License-Identifier: Apache-2.0

// Package kyverno names the command that is built, so that `go mod tidy` keeps what it needs.
package kyverno

import _ "github.com/kyverno/kyverno/cmd/cli/kubectl-kyverno/commands"
