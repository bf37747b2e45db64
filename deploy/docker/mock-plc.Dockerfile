# syntax=docker/dockerfile:1
# A fleet of mock Modbus TCP PLCs that misbehave on request.
#
#   docker build -f deploy/docker/mock-plc.Dockerfile -t mock-plc:0.1.0 .
#   docker build -f deploy/docker/mock-plc.Dockerfile --build-arg BINARIES=prebuilt -t mock-plc:0.1.0 .   # from dist/ (scripts/release)
#
# Bases are pinned by version; pin them by digest with --build-arg SWIFT=... DEBIAN=...@sha256:...
ARG SWIFT=docker.io/library/swift:6.3.1-bookworm
ARG DEBIAN=docker.io/library/debian:12.11-slim
ARG BINARIES=source

FROM ${SWIFT} AS source
# The versions are those of the pinned base's release.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends g++ libncurses-dev libsqlite3-dev zlib1g-dev \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# Times of files are not part of what is released.
ARG SOURCE_DATE_EPOCH=0
RUN SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH} scripts/release --programs mock-plc --out /out

FROM scratch AS prebuilt
COPY dist/mock-plc dist/fabgitops.spdx.json /out/

# hadolint ignore=DL3006
FROM ${BINARIES} AS binaries

# hadolint ignore=DL3006
FROM ${DEBIAN}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="mock-plc" \
      org.opencontainers.image.description="A fleet of mock Modbus TCP PLCs that misbehave on request." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=binaries /out/fabgitops.spdx.json /usr/share/doc/fabgitops/
COPY --from=binaries --chmod=0755 /out/mock-plc /usr/local/bin/mock-plc
EXPOSE 5502
USER 65532:65532
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/5502"]
ENTRYPOINT ["/usr/local/bin/mock-plc"]
# The loopback, which is the program's default, would not be reached from outside of the container.
CMD ["--bind", "0.0.0.0", "--port", "5502"]
