# syntax=docker/dockerfile:1
# The FabGitOps operator: holds PLCs to what IndustrialPLC resources say.
#
#   docker build -f deploy/docker/operator.Dockerfile -t fabgitops-operator:0.1.0 .
#   docker build -f deploy/docker/operator.Dockerfile --build-arg BINARIES=prebuilt -t fabgitops-operator:0.1.0 .   # from dist/ (scripts/release)
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
RUN SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH} scripts/release --programs fabgitops-operator --out /out

FROM scratch AS prebuilt
COPY dist/fabgitops-operator dist/fabgitops.spdx.json /out/

# hadolint ignore=DL3006
FROM ${BINARIES} AS binaries

# hadolint ignore=DL3006
FROM ${DEBIAN}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="fabgitops-operator" \
      org.opencontainers.image.description="The FabGitOps operator: holds PLCs to what IndustrialPLC resources say." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o 65532 -g 65532 /var/lib/fabgitops
COPY --from=binaries /out/fabgitops.spdx.json /usr/share/doc/fabgitops/
COPY --from=binaries --chmod=0755 /out/fabgitops-operator /usr/local/bin/fabgitops-operator
# The journal; everything else may be read-only.
ENV XDG_STATE_HOME=/var/lib
VOLUME /var/lib/fabgitops
EXPOSE 8080 9443
USER 65532:65532
STOPSIGNAL SIGTERM
# Kubernetes asks by itself; this is for everywhere else. bash is the only HTTP client in here.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080; printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3; grep -q ' 200 ' <&3"]
ENTRYPOINT ["/usr/local/bin/fabgitops-operator"]
