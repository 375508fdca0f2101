# The full image: tracee, and clang for a rebuild of its BPF object.
#
#   docker build -t tracee:full .
#   docker run --rm --privileged --pid=host -v /tmp/tracee:/tmp/tracee tracee:full
#
# The stage `builder` has all tools and no sources: make … DOCKER=1 runs in it.
ARG BUILDER=debian:trixie
ARG BASE=debian:trixie-slim

FROM ${BUILDER} AS builder
ENV DEBIAN_FRONTEND=noninteractive
COPY script/setup.sh /setup/script/setup.sh
# Nothing is fetched where the base image has it all.
RUN command -v cargo >/dev/null || { apt-get update -qq && apt-get install -qq -y --no-install-recommends cargo rustc; }; \
    /setup/script/setup.sh static && rm -rf /var/lib/apt/lists/* && mkdir -p -m 1777 /cargo

FROM builder AS build
ARG COMMIT=
WORKDIR /src
COPY . .
RUN make static TRACEE_COMMIT="${COMMIT}"

FROM ${BASE}
ARG VERSION=
ARG COMMIT=
LABEL org.opencontainers.image.title="tracee" \
      org.opencontainers.image.description="A lightweight tracer of Linux systems and containers, with clang" \
      org.opencontainers.image.source="https://github.com/tracee-rs/tracee" \
      org.opencontainers.image.licenses="Apache-2.0 AND (GPL-2.0-only OR BSD-2-Clause)" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}"
RUN command -v clang >/dev/null || { export DEBIAN_FRONTEND=noninteractive; apt-get update -qq && \
    apt-get install -qq -y --no-install-recommends clang && rm -rf /var/lib/apt/lists/*; }
COPY --from=build /src/dist/static/tracee /usr/bin/tracee
STOPSIGNAL SIGINT
ENTRYPOINT ["/usr/bin/tracee"]
