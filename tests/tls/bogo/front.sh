#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The runner starts this script for each test. Three fifths of the tests are for a server, DTLS or QUIC. The script ends them as the shim would
# (flags.c), because a shim with the sanitizers takes six times as long to start. For the other tests it starts the shim. STS_BOGO_SHIM names
# the shim, and STS_BOGO_LOG its log.
for other in -server -dtls -quic; do
	case " $* " in
	*" $other "*)	echo "flag $other" >>"$STS_BOGO_LOG"; echo "--- DONE ---" >&2; exit 89 ;;
	esac
done
exec "$STS_BOGO_SHIM" "$@"
