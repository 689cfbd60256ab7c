#!/bin/sh
# install-packages.sh ROLE...: installs the packages of these roles of packages.txt that are missing, with apt.
# Touches neither the network nor root's rights where all are there. Not on Debian: says what is needed and goes
# on, since the build tells what it misses.
set -eu

list=$(dirname "$0")/packages.txt

packages() {
	for role; do
		awk -v role="$role" '$1 == role { print $2 }' "$list"
	done
}

is_installed() {
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing() {
	for package in $(packages "$@"); do
		is_installed "$package" || printf '%s ' "$package"
	done
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		env DEBIAN_FRONTEND=noninteractive "$@"
	else
		sudo env DEBIAN_FRONTEND=noninteractive "$@"
	fi
}

if ! command -v dpkg-query >/dev/null 2>&1; then
	echo "This is not a Debian system, so nothing is installed. Needed, by their Debian names:" >&2
	packages "$@" >&2
	exit 0
fi

wanted=$(missing "$@")
[ -n "$wanted" ] || exit 0

if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
	echo "Missing: $wanted" >&2
	echo "Installing them takes root or sudo. As root:  apt-get install $wanted" >&2
	exit 1
fi

echo "installing: $wanted"
as_root apt-get update -q
# shellcheck disable=SC2086 # a list, one word each
as_root apt-get install -q -y --no-install-recommends $wanted </dev/null
