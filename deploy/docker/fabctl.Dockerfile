# syntax=docker/dockerfile:1
# fabctl: Git vs Reality for PLCs, the dashboard and the commands.
#
#   docker build -f deploy/docker/fabctl.Dockerfile -t fabctl:0.1.0 .
#   docker build -f deploy/docker/fabctl.Dockerfile --build-arg BINARIES=prebuilt -t fabctl:0.1.0 .   # from dist/ (scripts/release)
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
RUN SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH} scripts/release --programs fabctl --out /out

FROM scratch AS prebuilt
COPY dist/fabctl dist/fabgitops.spdx.json /out/

# hadolint ignore=DL3006
FROM ${BINARIES} AS binaries

# hadolint ignore=DL3006
FROM ${DEBIAN}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="fabctl" \
      org.opencontainers.image.description="fabctl: Git vs Reality for PLCs, the dashboard and the commands." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
# git and ssh read the repository; terminfo draws the dashboard.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates git libncursesw6 ncurses-base ncurses-term openssh-client \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o 65532 -g 65532 /var/lib/fabgitops /home/fabctl
COPY --from=binaries /out/fabgitops.spdx.json /usr/share/doc/fabgitops/
COPY --from=binaries --chmod=0755 /out/fabctl /usr/local/bin/fabctl
# The journal and the mirror of the repository; everything else may be read-only.
ENV XDG_STATE_HOME=/var/lib HOME=/home/fabctl LANG=C.UTF-8
VOLUME /var/lib/fabgitops
WORKDIR /home/fabctl
USER 65532:65532
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s CMD ["fabctl", "version"]
ENTRYPOINT ["/usr/local/bin/fabctl"]
CMD ["--help"]
