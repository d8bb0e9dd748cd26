#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Shows the main job on this machine. It starts a mock STS over TLS, makes a subject token like that of a Pod, and starts the sidecar,
# which exchanges the token and refreshes the result. It builds what it needs, removes what it has made outside the build folder, and can
# be run again.
#
#   tools/demo.sh [--help]
set -eu
umask 022
cd "$(dirname "$0")/.."

usage() { # the comment above
	sed -n '3,/^[^#]/s/^# \{0,1\}//p' tools/demo.sh
}

refuse() { # reason
	echo "tools/demo.sh: $1; tools/demo.sh --help says more" >&2
	exit 64
}

case $#,${1:-} in
0,)		;;
1,--help)	usage; exit ;;
*)		refuse "$1 is not an argument" ;;
esac

echo "== building (the first time takes a minute or two)"
tools/build.sh
sidecar=$PWD/build/sts-sidecar mock=$PWD/build/tests/mock-sts

demo=$(mktemp -d "${TMPDIR:-/tmp}/sts-demo.XXXXXX")
sts_pid= run_pid=
end() {
	for pid in $run_pid $sts_pid; do kill "$pid" 2>/dev/null && wait "$pid" || true; done
	rm -rf "$demo"
}
trap end EXIT
trap 'exit 130' HUP INT TERM
cd "$demo"

echo "== a mock STS on loopback, over TLS, which trusts a cluster's key; a subject token for a Pod"
"$mock" keygen --type ec --out cluster.pem
"$mock" mint --key cluster.pem --namespace shop --serviceaccount cart --pod cart-0 --audience sts --out subject
"$mock" serve --port 0 --port-file port --trust-key cluster.pem --subject-audience sts --ca-out ca.pem \
	--audience https://vault.example --lifetime 12s >/dev/null 2>sts.log &
sts_pid=$!
tries=0
until [ -s port ] && [ -s ca.pem ]; do
	tries=$((tries + 1))
	[ $tries -lt 100 ] || { echo "the mock STS did not start:" >&2; cat sts.log >&2; exit 70; }
	sleep 0.1
done
url=https://localhost:$(cat port)/vault/token

echo "== the sidecar: tokens of 12 seconds, so that a refresh can be watched"
mkdir tokens
"$sidecar" run --url "$url" --audience https://vault.example --token-file subject --cacert-path ca.pem --cacert-only \
	--output-dir tokens --mode 0600 --log-format text 2>run.log &
run_pid=$!
"$sidecar" check --wait 10s tokens

show() { # caption: prints what a reader of the directory finds
	echo "-- $1"
	ls -l tokens | sed 1d
	echo "expires    $(cat tokens/expires)"
	echo "token.jwt  $(sha256sum <tokens/token.jwt | cut -c1-16)... (SHA-256)"
}
show "the files after the first exchange"
before=$(cat tokens/expires)
tries=0
while [ "$(cat tokens/expires)" = "$before" ]; do
	tries=$((tries + 1))
	[ $tries -lt 150 ] || { echo "no refresh in 15 seconds:" >&2; cat run.log >&2; exit 70; }
	sleep 0.1
done
show "and after a refresh"

echo "-- its log"
cat run.log
echo "-- the token, decoded"
"$sidecar" inspect tokens/token.jwt
echo "expires $(cat tokens/expires)"
