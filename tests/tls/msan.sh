#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the program's sources, BearSSL and cJSON with clang's MemorySanitizer in build-msan/, and runs the unit tests and the corpora of the
# fuzz targets. A read of memory that was never written fails. The C library is that of the system: MemorySanitizer knows its functions, and
# tests/tls/msan_libc.c those that it does not know.
#
#   tests/tls/msan.sh [TEST]...     the names are those of meson: tls/protection, 'replay tls_handshake'
set -eu
umask 022
cd "$(dirname "$0")/../.."

tools/setup.sh build
tools/setup.sh test
tools/deps.sh "$(dpkg --print-architecture)"
mkdir -p build-msan
clang -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -O1 -fPIE -fsanitize=memory -c tests/tls/msan_libc.c -o build-msan/msan_libc.o.new
# Meson does not see that the programs depend on this file.
if ! cmp -s build-msan/msan_libc.o.new build-msan/msan_libc.o; then
	mv build-msan/msan_libc.o.new build-msan/msan_libc.o
	find build-msan -type f -perm -100 -delete
fi
cat >build-msan/toolchain.ini <<EOT
[binaries]
c = 'clang'
[built-in options]
c_args = ['-O1', '-fPIE', '-g', '-fno-omit-frame-pointer', '-fno-sanitize-recover=all', '-fsanitize-memory-track-origins']
c_link_args = ['-fsanitize=memory', '$PWD/build-msan/msan_libc.o']
EOT
if [ ! -f build-msan/build.ninja ]; then
	rm -rf build-msan/meson-private build-msan/meson-info
	meson setup build-msan --native-file build-msan/toolchain.ini -Db_sanitize=memory -Db_lundef=false -Dtest_time=true \
		-Doptimization=1 >build-msan/setup.log || { cat build-msan/setup.log >&2; exit 70; }
fi
ninja -C build-msan >build-msan/ninja.log 2>&1 || { cat build-msan/ninja.log >&2; exit 70; }
if [ $# -gt 0 ]; then
	exec meson test -C build-msan --no-rebuild --print-errorlogs "$@"
fi
exec meson test -C build-msan --no-rebuild --print-errorlogs --suite unit --suite fuzz
