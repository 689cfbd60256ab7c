#!/bin/sh
# run.sh [PRESET [CTEST-ARGUMENT...]]: installs what is missing, builds, and runs the suite. Made for a fresh
# Debian 12 with a shell and apt; anywhere else it takes what cmake/packages.txt lists. PRESET is one of
# CMakePresets.json's, `default` if not given. TRACTOR_TARGETS: builds these only, tests-unit say.
set -eu

cd "$(dirname "$0")/.."
preset=${1:-default}
[ $# -eq 0 ] || shift

sh cmake/install-packages.sh build test
cmake --preset "$preset" -DTRACTOR_BUILD_TESTS=ON -DTRACTOR_BUILD_EXAMPLES=ON
# shellcheck disable=SC2086 # one word each
cmake --build --preset "$preset" -j "$(nproc)" ${TRACTOR_TARGETS:+--target $TRACTOR_TARGETS}
exec ctest --preset "$preset" -j "$(nproc)" "$@"
