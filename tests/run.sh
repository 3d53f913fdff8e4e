#!/bin/sh
# Builds h2ws with all its tests and runs them. On a Debian 12 it first installs what is missing.
#
#   sh tests/run.sh [--compiler g++|clang++|clang++-16]
#                   [--sanitize address,undefined|thread] [--build DIR] [--only SUITE]...
#                   [--without nghttp2]
#
# Sanitizers are clang 16's unless a compiler is named. DIR is relative to the project's folder.
# --only builds what that suite, or a part of it as asio/http2, needs, and runs it.
# --without nghttp2 builds without the library, which is not installed then. JOBS=N bounds how many
# processes build at a time; three tests more run. The last line is `N passed, N failed, N skipped`,
# in test cases. The exit status is 0 only if none failed and, with CI=true, none was skipped.
set -eu
cd "$(dirname "$0")/.."

compiler=
sanitize=
build=
only=
without=
usage() {
    sed -n '2,12s/^# \{0,1\}//p' tests/run.sh >&2
    exit 2
}
while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || usage
    case $1 in
    --compiler) compiler=$2 ;;
    --sanitize) sanitize=$2 ;;
    --build) build=$2 ;;
    --only) only="$only --only $2" ;;
    --without) without=$2 ;;
    *) usage ;;
    esac
    shift 2
done
if [ -z "$compiler" ]; then
    compiler=g++
    [ -z "$sanitize" ] || compiler=clang++-16
fi
if [ -z "$build" ]; then
    build=build/tests
    [ "$compiler" = g++ ] || build=$build-$compiler
    [ -z "$sanitize" ] || build=$build-sanitized
    [ -z "$without" ] || build=$build-without-$without
fi
jobs=${JOBS:-$(nproc)}

# A build that failed is one failure: the last line is there whatever happens.
give_up() {
    echo "== $1"
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
}

packages="g++ meson ninja-build pkg-config make cmake catch2 libnghttp2-dev libasio-dev libssl-dev
    zlib1g-dev libcli11-dev openssl python3 python3-h2 python3-hpack python3-wsproto chromium
    firefox-esr libnss3-tools valgrind apache2-bin haproxy nghttp2-proxy lighttpd
    lighttpd-mod-openssl libwebsockets-dev python3-hypercorn"
[ "$without" != nghttp2 ] || packages=$(echo "$packages" | sed 's/ libnghttp2-dev / /')
case $compiler in
clang++) packages="$packages clang libclang-rt-14-dev" ;;
clang++-*) packages="$packages clang-${compiler#clang++-} libclang-rt-${compiler#clang++-}-dev" ;;
esac
# Not by its package's name: a Node that is not Debian's brings an npm of its own, and only one of
# the two can be there. It installs the peers that run on Node, into the build folder.
command -v npm >/dev/null || packages="$packages npm"
# shellcheck disable=SC2086 # a list of words
sh tests/install.sh $packages || give_up "the packages could not be installed"

# What is not there is an error here, not a test less. A build folder made with other options is
# made anew.
options="-Dauto_features=enabled -Dwerror=true"
# Nobody debugs what CI builds, and what a debugger reads is a fifth of the time.
[ "${CI:-}" != true ] || options="$options -Ddebug=false"
if [ -n "$sanitize" ]; then
    # Of what a debugger reads, lines are enough for a report.
    options="$options -Ddebug=false -Db_sanitize=$sanitize -Db_lundef=false"
    export CXXFLAGS="-g1 -fno-sanitize-recover=all"
fi
case $compiler+$sanitize in
# clang 14's assembler refuses what it makes of coroutines under AddressSanitizer ("cannot represent
# a difference across sections"): there the parts that have none are tested.
clang+++*address*) options="$options -Dasio=disabled -Dtools=disabled" ;;
# Threads are in the Asio tests only: nothing else is built, or less.
*+thread)
    options="$options -Dtools=disabled -Dexamples=disabled"
    only=${only:- --only asio}
    ;;
esac
[ -z "$without" ] || options="$options -D$without=disabled"
made_with="$compiler $options"
echo "== configuring $build: $made_with"
if [ ! -f "$build/build.ninja" ] || [ "$(cat "$build/made_with" 2>/dev/null)" != "$made_with" ]; then
    rm -rf "$build"
    # shellcheck disable=SC2086
    CXX=$compiler meson setup "$build" $options || give_up "the project could not be configured"
    echo "$made_with" >"$build/made_with"
fi

rm -f "$build/cases.json" "$build/meson-logs/testlog.json" # of an earlier run
echo "== building, $jobs at a time"
except=
[ -z "$sanitize" ] || except="--except tests/not-under-sanitizers.txt"
targets=
if [ -n "$only" ]; then # what these suites need, and nothing else
    # shellcheck disable=SC2086
    targets=$(/usr/bin/python3 tests/summary.py targets "$build" $only $except)
fi
# shellcheck disable=SC2086
ninja -C "$build" -j "$jobs" $targets || give_up "the project could not be built"

multiplier=1
run=
if [ "$sanitize" = thread ]; then
    export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
    # ThreadSanitizer's memory has fixed places, which a randomised layout may have taken.
    if setarch "$(uname -m)" -R true 2>/dev/null; then run="setarch $(uname -m) -R"; fi
fi
if [ -n "$sanitize" ]; then
    export ASAN_OPTIONS=halt_on_error=1:detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1
    export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    multiplier=4
fi
# shellcheck disable=SC2086
tests=$(/usr/bin/python3 tests/summary.py list "$build" $only $except) ||
    give_up "there is no test to run"
# More than the machine has cores: many tests wait for peers most of their time.
processes=$((jobs + 3))
echo "== running, $processes at a time"
# shellcheck disable=SC2086
$run meson test -C "$build" --no-rebuild --num-processes "$processes" --timeout-multiplier "$multiplier" \
    --print-errorlogs $tests || true # what went wrong is in the log that is counted now
# shellcheck disable=SC2086
/usr/bin/python3 tests/summary.py count "$build" $tests
