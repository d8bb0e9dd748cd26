#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the calculations of the TLS client under Valgrind's memcheck, with secrets that are not defined, and fails on a branch or an address that
# depends on one. Faults that are planted must be found. It needs valgrind and openssl, and the machine code is that of the release.
#
#   tests/tls/constant_time/run.sh [CASE]...
set -eu
cd "$(dirname "$0")/../../.."

command -v valgrind >/dev/null || { echo "constant time: valgrind is missing: install it and the header valgrind/memcheck.h" >&2; exit 69; }
tools/build.sh --target tests/constant-time
program=build/tests/constant-time
folder=$(mktemp -d)
servers=
trap '[ -z "$servers" ] || kill $servers; rm -rf "$folder"' EXIT

# Keys are made for each run.
req="openssl req -x509 -nodes -days 2 -subj /CN=client"
{
	$req -newkey rsa:2048 -keyout "$folder/rsa.key" -out "$folder/rsa.crt"
	for curve in p256:prime256v1 p384:secp384r1 p521:secp521r1; do
		$req -newkey ec -pkeyopt "ec_paramgen_curve:${curve#*:}" -keyout "$folder/${curve%:*}.key" -out "$folder/${curve%:*}.crt"
	done
} 2>"$folder/openssl" || { cat "$folder/openssl" >&2; exit 70; }

# A server for each version, which asks for a client certificate.
for version in tls1_3 tls1_2; do
	: >"$folder/$version.log" # it is read before the server has begun
	openssl s_server -accept 127.0.0.1:0 -$version -cert "$folder/p256.crt" -key "$folder/p256.key" -verify 1 -www >"$folder/$version.log" 2>&1 &
	servers="$servers $!"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' "$folder/$version.log" >"$folder/$version"
		[ ! -s "$folder/$version" ] || break
		sleep 0.5
	done
done

passed=0 failed=0
run() { # case, branches that allowed.supp allows in it
	status=0 want="suppressed: [0-9]* from $2)"
	timeout 600 valgrind --num-callers=1 --error-exitcode=99 --suppressions=tests/tls/constant_time/allowed.supp \
		"$program" "$1" "$folder" >"$folder/out" 2>&1 || status=$?
	case $1-$status in
	fault-*-99)	ok=true ;;
	fault-*)	ok=false ;;
	*-0)		grep -q "ERROR SUMMARY: 0 errors.*$want" "$folder/out" && ok=true || ok=false ;;
	*)		ok=false ;;
	esac
	if $ok; then
		passed=$((passed + 1))
		echo "ok $1"
	else
		failed=$((failed + 1))
		echo "not ok $1: exit status $status"
		cat "$folder/out"
	fi
}

"$program" --list >"$folder/list"
while read -r name allowed; do
	case " ${*:-$name} " in *" $name "*) run "$name" "$allowed" ;; esac
done <"$folder/list"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
