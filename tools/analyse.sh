#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Analyses the sources with other people's tools. A finding is an error, unless tests/analysis/accepted.toml has it with the reason why it stays.
#
#   tools/analyse.sh [TOOL]...     all tools, or those that are named
#   tools/analyse.sh --help
#
#   - shellcheck   the shell scripts
#   - codespell    the spelling of all texts
#   - cppcheck     the C of lib/ and sidecar/, as the other tools below; these first three are the part analysis of tools/test.sh
#   - gcc          gcc -fanalyzer
#   - clang-tidy   its checks bugprone, cert, and security
#   - scan-build   clang's static analyzer
#
# The first three compute for a quarter of a minute, the others for minutes. The last line is "N passed, N failed".
set -eu
umask 022
cd "$(dirname "$0")/.."

tools='shellcheck codespell cppcheck gcc clang-tidy scan-build'
compiled=false
[ "${1:-}" != --help ] || { sed -n '3,/^[^#]/s/^# \{0,1\}//p' tools/analyse.sh; exit; }
# shellcheck disable=SC2086 # a list of words
[ $# != 0 ] || set -- $tools
for tool in "$@"; do
	case " $tools " in
	*" $tool "*)	;;
	*)		echo "tools/analyse.sh: $tool is not a tool: $tools" >&2; exit 64 ;;
	esac
	case $tool in
	shellcheck|codespell)		;;
	cppcheck|gcc)			compiled=true ;;
	clang-tidy|scan-build)		compiled=true; tools/setup.sh analysis ;;
	esac
done
tools/setup.sh test
# The options of the compiler and the headers that are made are those of this build.
! $compiled || tools/build.sh --sanitize --target sts-sidecar
exec python3 -B tests/analysis/analyse.py "$@"
