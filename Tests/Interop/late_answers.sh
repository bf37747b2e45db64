#!/usr/bin/env bash
# Reads registers that say whose they are from PLCs that answer a fifth of their requests late, as
# `mock-plc --fault late=0.2` does, and fails if one value is attributed to the wrong request.
#
#   Tests/Interop/late_answers.sh [READS]     (default 100000; the package must be built with its tests)
set -euo pipefail
cd "$(dirname "$0")/../.."
FABGITOPS_LATE_READS=${1:-100000} swift test --skip-build --filter LateAnswersTests
