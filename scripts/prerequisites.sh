# shellcheck shell=bash
# Sourced by ci-local.sh and demo/run: installs what a bare Debian or Ubuntu machine lacks.

# Debian packages by purpose: a program or file that shows the package is there, then the package.
packages_for() {
  case $1 in
    build) echo "/usr/include/curses.h:libncurses-dev /usr/include/sqlite3.h:libsqlite3-dev /usr/include/zlib.h:zlib1g-dev git:git" ;;
    demo) echo "git:git infocmp:ncurses-bin" ;;
    test)
      echo "tmux:tmux mbpoll:mbpoll jq:jq shellcheck:shellcheck socat:socat tshark:tshark python3:python3" \
        "zsh:zsh fish:fish groff:groff-base openssl:openssl" \
        "/usr/share/terminfo/x/xterm-direct:ncurses-term /usr/sbin/sshd:openssh-server ssh:openssh-client gpg:gnupg" \
        "/usr/include/modbus/modbus.h:libmodbus-dev cc:gcc pkg-config:pkg-config" \
        "promtool:prometheus prometheus-alertmanager:prometheus-alertmanager" \
        "kubectl:kubernetes-client systemd-analyze:systemd setpriv:util-linux"
      ;;
    bench) echo "htop:htop btop:btop cc:gcc pkg-config:pkg-config /usr/include/modbus/modbus.h:libmodbus-dev git:git" ;;
    release) echo "cc:gcc g++:g++ strip:binutils python3:python3" ;;
    images) echo "debootstrap:debootstrap buildah:buildah podman:podman crun:crun" ;;
  esac
}

present() {
  case $1 in
    /*) [ -e "$1" ] ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
  esac
}

# install_packages_for PURPOSE...: installs with apt-get, as root or through sudo; says what to install elsewhere.
install_packages_for() {
  local purpose entry missing=() sudo=()
  for purpose in "$@"; do
    for entry in $(packages_for "$purpose"); do
      present "${entry%%:*}" || missing+=("${entry#*:}")
    done
  done
  if ! command -v swift >/dev/null 2>&1; then
    echo "swift: not found. Install the Swift 6.1 toolchain or later from https://www.swift.org/install/linux/" >&2
    return 1
  fi
  [ ${#missing[@]} -eq 0 ] && return 0
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing: ${missing[*]} (Debian package names). Install them and try again." >&2
    return 1
  fi
  [ "$(id -u)" -eq 0 ] || sudo=(sudo)
  echo "Installing ${missing[*]} ..." >&2
  "${sudo[@]}" apt-get -o DPkg::Lock::Timeout=300 update -qq >&2
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# install_python_packages REQUIREMENTS...: into the Python that the tests use.
install_python_packages() {
  local files=("${@/#/--requirement=}")
  python3 -m pip --version >/dev/null 2>&1 || { packages_pip && :; }
  python3 -m pip install -q --disable-pip-version-check "${files[@]}" >&2 ||
    python3 -m pip install -q --disable-pip-version-check --break-system-packages "${files[@]}" >&2
}

packages_pip() {
  local sudo=()
  [ "$(id -u)" -eq 0 ] || sudo=(sudo)
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends python3-pip >&2
}
