#!/usr/bin/env bash
# Everything CI checks, on your machine: installs what is missing, lints, builds, tests, end-to-end.
#
#   ./ci-local.sh            all phases
#   ./ci-local.sh --phase N  one phase only (1 prerequisites, 2 lint, 3 build, 4 unit tests, 5 end-to-end)
#   ./ci-local.sh --e2e      phases 1, 3 and 5
#
# Ends with a table of what passed, failed and was skipped, and fails if anything failed.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
# shellcheck source=scripts/prerequisites.sh
. scripts/prerequisites.sh

phases="1 2 3 4 5"
while [ $# -gt 0 ]; do
  case $1 in
    --phase)
      [ $# -ge 2 ] || { echo "ci-local.sh: --phase wants a number from 1 to 5" >&2; exit 2; }
      phases=$2
      shift
      ;;
    --e2e) phases="1 3 5" ;;
    --all) phases="1 2 3 4 5" ;;
    -h | --help) sed -n '2,9p' "$0" | sed 's/^# \{0,1\}//'; exit 0 ;;
    *) echo "ci-local.sh: unknown option $1 (try --help)" >&2; exit 2 ;;
  esac
  shift
done

# One flag for all phases, so that they share one build.
export FABGITOPS_WARNINGS_AS_ERRORS=1

rows=()
failed=0
last=0

# check NAME COMMAND...: runs it, keeps the result for the closing table.
# 77 as exit code: cannot be tried here, and the output says why.
check() {
  local name=$1 start=$SECONDS
  shift
  printf '\n==> %s\n' "$name"
  "$@"
  last=$?
  if [ $last -eq 0 ]; then
    rows+=("passed   $name ($((SECONDS - start)) s)")
  elif [ $last -eq 77 ]; then
    rows+=("skipped  $name (see above)")
    last=0
  else
    rows+=("FAILED   $name (exit $last, $((SECONDS - start)) s)")
    failed=1
  fi
}

lint_format() { swift format lint --strict --parallel --recursive Sources Tests Package.swift; }

lint_shell() {
  git ls-files -z '*.sh' demo/run .ci/run Benchmarks/run Fuzz/run themes/embed | xargs -0 shellcheck -x
}

# The simulator keeps every core busy; beside it, tests on sockets would wait for their turn.
unit_tests() { swift test --skip-build --parallel --skip SimulationTests; }

simulation_tests() { swift test --skip-build --filter SimulationTests; }

mock_plc_interop() { python3 Tests/Interop/mock_plc_interop.py "$(swift build --show-bin-path)/mock-plc"; }

interop_matrix() { python3 Tests/Interop/matrix.py; }

wire_capture() { python3 Tests/Interop/capture.py; }

citizenship() { python3 Tests/Interop/citizen.py 6 1; }

# A short run of what was run long: Fuzz/run RUNS.
fuzz_codec() { ./Fuzz/run 20000; }

# A short run of the fault campaign; docs/reliability.md tells of a long one.
campaign() { Tests/Campaign/run --bin "$(swift build --show-bin-path)" --jobs 4 "$@"; }

end_to_end() {
  local bin
  bin=$(swift build --show-bin-path) || return 1
  FABGITOPS_BIN=$bin python3 -m pytest -q -p no:cacheprovider Tests/EndToEnd
}

for phase in $phases; do
  case $phase in
    1)
      check "prerequisites: Debian packages" install_packages_for build demo test
      check "prerequisites: Python packages" install_python_packages Tests/EndToEnd/requirements.txt
      ;;
    2)
      check "lint: swift format" lint_format
      check "lint: shellcheck" lint_shell
      ;;
    3) check "build: programs and tests, warnings are errors" swift build --build-tests ;;
    4)
      check "test: unit, property, golden and socket tests" unit_tests
      check "test: simulated plants" simulation_tests
      ;;
    5)
      check "test: mock-plc against mbpoll and pymodbus" mock_plc_interop
      check "test: interoperability matrix (pymodbus, libmodbus, mbpoll; TCP, TLS, serial)" interop_matrix
      check "test: tshark reads a session between our client and server" wire_capture
      check "test: a good citizen (one connection; one hung unit of sixteen)" citizenship
      check "test: fuzz the Modbus codec, 20000 inputs a target" fuzz_codec
      check "test: end to end (tmux, pymodbus, mbpoll)" end_to_end
      check "test: fault campaign, 12 rounds" campaign --rounds 12
      check "test: fault campaign, planted violations are caught" campaign --planted
      ;;
    *) echo "ci-local.sh: no phase $phase" >&2; exit 2 ;;
  esac
  # Nothing after a failed build means anything.
  if [ "$phase" = 3 ] && [ "$last" != 0 ]; then break; fi
done

printf '\n'
printf '%s\n' "${rows[@]}"
[ $failed -eq 0 ] || { echo "ci-local.sh: something failed, see above"; exit 1; }
echo "ci-local.sh: everything passed"
