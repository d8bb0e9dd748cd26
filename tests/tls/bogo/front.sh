#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the runner starts for each test. It answers at once where the test is for another program than our client, as the shim itself does
# (flags.c); that is so for three fifths of the tests, and a program with the sanitizers takes six times as long to start. The shim does the
# rest: STS_BOGO_SHIM names it, and STS_BOGO_LOG its log.
for other in -server -dtls -quic; do
	case " $* " in
	*" $other "*)	echo "flag $other" >>"$STS_BOGO_LOG"; echo "--- DONE ---" >&2; exit 89 ;;
	esac
done
exec "$STS_BOGO_SHIM" "$@"
