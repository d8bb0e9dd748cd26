# SPDX-License-Identifier: Apache-2.0
# All that a build is sent, as an image: what .dockerignore lets through.
FROM scratch
COPY . /
