# shellcheck shell=bash
# Sourced by ci-local.sh: what its checks do.

# check_with PROGRAM NAME HOW COMMAND...: skips, with how to get it, only when the program cannot be had.
check_with() {
  local program=$1 name=$2 how=$3
  shift 3
  if command -v "$program" >/dev/null 2>&1; then
    check "$name" "$@"
  else
    skip "$name" "$program is not here and could not be installed ($how)"
  fi
}

lint_format() { swift format lint --strict --parallel --recursive Sources Tests Package.swift; }

# Every file that says it is a shell script.
lint_shell() {
  git ls-files -z | while IFS= read -r -d '' file; do
    if [ -f "$file" ] && head -c 40 "$file" | grep -qE '^#(!.*\b(ba)?sh\b| shellcheck shell)'; then printf '%s\0' "$file"; fi
  done | xargs -0 shellcheck -x
}

lint_dockerfiles() { hadolint deploy/docker/*.Dockerfile; }

lint_links() { python3 -m pytest -q -p no:cacheprovider Tests/Docs/test_links.py; }

bin_path() { swift build --show-bin-path; }

is_built() {
  local bin
  bin=$(bin_path) && [ -x "$bin/fabctl" ] && [ -x "$bin/mock-plc" ]
}

# The simulator keeps every core busy; beside it, tests on sockets would wait for their turn.
unit_tests() { swift test --skip-build --parallel --skip SimulationTests; }

simulation_tests() { swift test --skip-build --filter SimulationTests; }

docs_tests() { FABGITOPS_BIN=$(bin_path) python3 -m pytest -q -p no:cacheprovider Tests/Docs; }

mock_plc_interop() { python3 Tests/Interop/mock_plc_interop.py "$(bin_path)/mock-plc"; }

interop_matrix() { python3 Tests/Interop/matrix.py; }

wire_capture() { python3 Tests/Interop/capture.py; }

citizenship() { python3 Tests/Interop/citizen.py 6 1; }

# A short run of what was run long: Fuzz/run RUNS.
fuzz_parsers() { ./Fuzz/run 3000; }

# A short run of the fault campaign; docs/reliability.md tells of a long one.
campaign() { Tests/Campaign/run --bin "$(bin_path)" --jobs 4 "$@"; }

end_to_end() { FABGITOPS_BIN=$(bin_path) python3 -m pytest -q -rs -p no:cacheprovider Tests/EndToEnd; }

deploy_tests() { FABGITOPS_BIN=$(bin_path) python3 -m pytest -q -rs -p no:cacheprovider Tests/Deploy; }

# A real kube-apiserver and etcd, where a script that installs them is at hand; tests that need them skip elsewhere.
api_server_installer=${FABGITOPS_API_SERVER_INSTALLER:-../shared/envtest/install}
api_server_log=
api_server_pid=

start_api_server_install() {
  [ -x "$api_server_installer" ] || return 0
  api_server_log=$(mktemp)
  "$api_server_installer" >"$api_server_log" 2>&1 &
  api_server_pid=$!
}

wait_for_api_server_install() {
  local assets=${KUBEBUILDER_ASSETS:-/usr/local/kubebuilder/bin}
  if [ -n "$api_server_pid" ]; then
    wait "$api_server_pid" || { tail -n 40 "$api_server_log"; echo "installing the API server failed" >&2; return 1; }
    api_server_pid=
  fi
  [ -x "$assets/kube-apiserver" ] || {
    echo "no kube-apiserver in $assets: tests against a real API server are skipped (set KUBEBUILDER_ASSETS)"
    return 77
  }
}

# Tools of the security scan, apart from the Python that runs the tests.
security_tool() {
  local venv=.build-tools/security
  [ -x "$venv/bin/$1" ] || {
    python3 -m venv "$venv" && "$venv/bin/pip" install -q --disable-pip-version-check "$2"
  } >&2 || return 1
  "$venv/bin/$1" "${@:3}"
}

# Keys and passwords where they could be real; tests make theirs anew, and entropy says nothing about pictures and goldens.
scan_secrets() {
  local found
  found=$(security_tool detect-secrets detect-secrets==1.5.0 scan --disable-plugin Base64HighEntropyString \
    --disable-plugin HexHighEntropyString --exclude-lines 'automountServiceAccountToken|secretName|read a Secret|user:password' --exclude-files '\.svg$|\.json$|^(.*/)?\.build' Sources scripts deploy demo docs themes \
    ./*.sh ./*.md Package.swift) || return 1
  jq -r '.results | to_entries[] | .key as $file | .value[] | "\($file):\(.line_number): \(.type)"' <<<"$found"
  [ "$(jq '.results | length' <<<"$found")" = 0 ]
}

# Position independent, no executable stack, relocations read-only: of the release when there is one.
scan_binaries() {
  local folder=dist
  [ -x dist/fabctl ] || folder=$(bin_path)
  python3 Tests/Deploy/hardening.py "$folder"
}

scan_policies() {
  python3 Tests/Deploy/render.py .build-tools/rendered || return 1
  # Without its service, which it would ask for descriptions of the checks.
  LOG_LEVEL=CRITICAL security_tool checkov checkov==3.3.30 --quiet --compact --config-file deploy/checkov.yaml
}
