#!/bin/sh
# Builds the tests of the core and of the HTTP/2 engine for other machines, and runs them under an
# emulator. On a Debian 12 it first installs what is missing.
#
#   sh tests/cross.sh [--except FILE] [--build DIR] [arm64|s390x]...
#
# arm64 has NEON; s390x is big-endian, and no instructions are known of it. Without a name it is both.
# Each has its file in tests/cross, and is built in DIR-NAME, DIR relative to the project's folder.
# --except leaves out the tests that FILE lists. JOBS=N bounds how many processes run at a time. The
# last line is `N passed, N failed, N skipped`, in test cases; the exit status is 0 only if none
# failed and, with CI=true, none was skipped.
set -eu
cd "$(dirname "$0")/.."

except=
build=build/cross
usage() {
    sed -n '2,12s/^# \{0,1\}//p' tests/cross.sh >&2
    exit 2
}
while [ $# -gt 0 ]; do
    case $1 in
    --except) except="--except ${2:-}" ;;
    --build) build=${2:-} ;;
    -*) usage ;;
    *) break ;;
    esac
    [ $# -ge 2 ] || usage
    shift 2
done
[ $# -gt 0 ] || set -- arm64 s390x
jobs=${JOBS:-$(nproc)}

packages="meson ninja-build pkg-config catch2 python3 qemu-user-static"
for name in "$@"; do
    case $name in
    arm64) packages="$packages g++-aarch64-linux-gnu" ;;
    s390x) packages="$packages g++-s390x-linux-gnu" ;;
    *) usage ;;
    esac
done

# What none of the libraries is needed for.
options="-Dauto_features=disabled -Dtests=enabled -Dwerror=true -Doptimization=0 -Ddebug=false"

# Builds and runs the tests of one kind of machine; the last line has the counts, or there is none.
run() {
    echo "== configuring $build-$1"
    # shellcheck disable=SC2086 # words
    [ -f "$build-$1/build.ninja" ] ||
        meson setup "$build-$1" --cross-file "tests/cross/$1.ini" $options || return
    rm -f "$build-$1/cases.json" "$build-$1/meson-logs/testlog.json" # of an earlier run
    choice="--only core --only http2 $except"
    # shellcheck disable=SC2046,SC2086
    ninja -C "$build-$1" -j "$jobs" \
        $(/usr/bin/python3 tests/summary.py targets "$build-$1" $choice) || return
    # shellcheck disable=SC2086
    tests=$(/usr/bin/python3 tests/summary.py list "$build-$1" $choice) || return
    # Emulated programs take their time; what went wrong is in the log that is counted then.
    # shellcheck disable=SC2086
    meson test -C "$build-$1" --no-rebuild --num-processes "$jobs" --timeout-multiplier 10 \
        --print-errorlogs $tests || true
    # shellcheck disable=SC2086
    /usr/bin/python3 tests/summary.py count "$build-$1" $tests || true
}

passed=0 failed=0 skipped=0
add() {
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}
# shellcheck disable=SC2086
sh tests/install.sh $packages || set -- # nothing can be run
[ $# -gt 0 ] || failed=1
mkdir -p "$(dirname "$build")"
for name in "$@"; do
    run "$name" 2>&1 | tee "$build-$name.log"
    counts=$(sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' \
        "$build-$name.log")
    # shellcheck disable=SC2086
    add ${counts:-0 1 0} # a build that failed is one failure
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && { [ "$skipped" -eq 0 ] || [ "${CI:-}" != true ]; }
