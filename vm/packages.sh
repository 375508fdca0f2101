#!/usr/bin/env bash
# Fetches packages of a Debian suite that is not this machine's: vm/packages.sh <suite> <package>…
#
# Unpacks them into target/vm/packages/<suite>/ (under CARGO_TARGET_DIR, if set), which it prints;
# existing packages are kept. Their dependencies must be named, too. Like vm/kernels.sh it leaves
# the machine's package sources alone.
set -euo pipefail
shopt -s inherit_errexit

top=$(cd "$(dirname "$0")/.." && pwd)
vm=$(realpath -m "${CARGO_TARGET_DIR:-$top/target}")/vm

die() {
	echo "vm/packages.sh: $*" >&2
	exit 1
}

# shellcheck source=vm/apt.sh
source "$top/vm/apt.sh"

[ $# -gt 1 ] || die "usage: vm/packages.sh <suite> <package>…"
suite=$1 root=$vm/packages/$1
shift
wanted=()
for package; do [ -e "$root/.$package" ] || wanted+=("$package"); done
if [ ${#wanted[@]} -gt 0 ]; then
	mirror=$(debian_mirror)
	APT_CONFIG=$(apt_config "$suite" "$mirror")
	export APT_CONFIG
	mkdir -p "$root"
	debs=$(mktemp -d)
	trap 'rm -rf "$debs"' EXIT
	apt-get -qq update || die "$suite: no package list from $mirror; check the network, or set DEBIAN_MIRROR"
	(cd "$debs" && apt-get -qq download "${wanted[@]}") || die "$suite: cannot download ${wanted[*]}"
	for deb in "$debs"/*.deb; do dpkg-deb -x "$deb" "$root"; done
	for package in "${wanted[@]}"; do : >"$root/.$package"; done
	rm -rf "$vm/apt-$suite"
fi
echo "$root"
