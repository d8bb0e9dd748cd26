// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package tools names the command that is built, so that go.mod pins it.
package tools

import _ "sigs.k8s.io/kustomize/kustomize/v5"
