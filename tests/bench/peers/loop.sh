#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The same exchange as a shell script with curl and jq, for tests/bench: loop.sh [--single-run] CA_FILE TOKEN_FILE URL DIRECTORY
set -eu
once=false
[ "$1" != --single-run ] || { once=true; shift; }
ca=$1 token=$2 url=$3 folder=$4
while :; do
	answer=$(curl -sS --fail --max-time 30 --cacert "$ca" -H @- "$url" <<-EOT
		Authorization: Bearer $(cat "$token")
	EOT
	)
	for pair in token.jwt:jwt expires:expires thumbprint:thumbprint; do
		printf %s "$answer" | jq -j ".token.${pair#*:}" >"$folder/${pair%:*}.new"
		mv "$folder/${pair%:*}.new" "$folder/${pair%:*}"
	done
	! $once || exit 0
	until=$(date -d "$(cat "$folder/expires")" +%s)
	sleep $((until - $(date +%s) - 300))
done
