# shellcheck shell=bash
# Sourced by scripts/images and scripts/jump-host: a bare Debian with what the images install, made by debootstrap.

debian_base=.build-base/base.tar

# Makes it once; later calls find it.
make_debian_base() {
  local root=.build-base/root
  [ ! -e "$debian_base" ] || return 0
  command -v debootstrap >/dev/null || {
    echo "debootstrap is missing: apt-get install debootstrap" >&2
    return 1
  }
  rm -rf "$root"
  mkdir -p "$root"
  debootstrap --variant=minbase \
    --include=ca-certificates,git,libncursesw6,ncurses-base,ncurses-term,openssh-client bookworm "$root" >&2
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  tar -C "$root" -cf "$debian_base.part" .
  mv "$debian_base.part" "$debian_base"
  rm -rf "$root"
}
