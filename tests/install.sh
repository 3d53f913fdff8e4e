#!/bin/sh
# sh tests/install.sh PACKAGE...: installs those of the Debian packages that are missing, as root
# or through sudo. Where all are there it does nothing, and needs neither.
#
# Some of the packages bring servers, which the tests start by themselves on free ports. What the
# packages would start is not started: a policy-rc.d denies it meanwhile, unless there is one
# already, and the new units are disabled and stopped.
set -eu

policy=${POLICY_RC_D:-/usr/sbin/policy-rc.d}
mark="# Made by the tests of h2ws while they install packages."

missing=
for package in "$@"; do
    if ! dpkg -s "$package" 2>/dev/null | grep -q '^Status: install ok installed'; then
        missing="$missing $package"
    fi
done
if [ -z "$missing" ]; then
    exit 0
fi

echo "== installing:$missing"
as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "$0: run this as root, or install sudo" >&2
        exit 1
    fi
    as_root=sudo
fi

allow_starts() {
    if grep -qxF "$mark" "$policy" 2>/dev/null; then
        $as_root rm -f "$policy"
    fi
}
trap allow_starts EXIT
trap 'exit 1' HUP INT TERM

if [ -e "$policy" ] && ! grep -qxF "$mark" "$policy"; then
    echo "== servers that come with the packages are started if $policy, which was there, allows it"
else
    echo "== servers that come with the packages are not started: $policy denies it meanwhile"
    printf '#!/bin/sh\n%s\nexit 101\n' "$mark" | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
fi
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing

if [ -d "${SYSTEMD_RUNS:-/run/systemd/system}" ]; then
    for package in $missing; do
        units=$(dpkg -L "$package" | sed -n 's|^/lib/systemd/system/\([^/@]*\.service\)$|\1|p')
        for unit in $units; do
            echo "== disabling $unit, which came with $package"
            $as_root systemctl disable --now "$unit"
        done
    done
fi
