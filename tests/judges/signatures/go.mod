// SPDX-License-Identifier: Apache-2.0
// The Go module that carries Wycheproof's vectors, for vectors.py. go.sum has its digests. Nothing of it is compiled.
module vectors

go 1.19

require github.com/C2SP/wycheproof v0.0.0-20250901140545-b51abcfb8daf
