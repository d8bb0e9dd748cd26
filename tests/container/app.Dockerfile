# SPDX-License-Identifier: Apache-2.0
# Stands in for an application: one static shell with the usual tools, on nothing. The base that images.sh makes has busybox.
FROM debian:bookworm-slim AS builder
RUN mkdir -p /image/bin /image/tmp \
	&& chmod 1777 /image/tmp \
	&& cp /bin/busybox /image/bin/busybox \
	&& for name in $(/bin/busybox --list); do [ "$name" = busybox ] || ln -s busybox "/image/bin/$name"; done

FROM scratch
COPY --from=builder /image/ /
ENV PATH=/bin
USER 65532:65532
ENTRYPOINT []
CMD ["/bin/sh"]
