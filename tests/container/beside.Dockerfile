# SPDX-License-Identifier: Apache-2.0
# The image under test with a shell beside the program, so that a test can leave orphans to the sidecar as PID 1.
FROM localhost/sts-sidecar:test
COPY --from=localhost/app:test /bin/ /bin/
ENV PATH=/bin
