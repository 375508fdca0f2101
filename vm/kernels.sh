#!/usr/bin/env bash
# Fetches Debian kernels to test on: vm/kernels.sh [--refresh] [suite…]
#
# Leaves, for each suite, in target/vm/<suite>/ (under CARGO_TARGET_DIR, if set):
#   vmlinuz   the kernel as Debian ships it
#   vmlinux   the same, unpacked, since unpacking it in an emulator takes longer than booting it
#   modules/  its /lib/modules/<release> tree
#   config    its build configuration
#   release   what `uname -r` says there
#
# Suites are Debian's, with their kernel for clouds. From trixie-backports, rt is the preemptible one (PREEMPT_RT), and
# 6.18 an older one. Without names those of `make test`: the others are for the nightly run.
#
# A suite that is there is kept; --refresh looks for a newer kernel. apt works on a configuration of its own under
# target/vm/apt-<suite>/: the machine's package sources and lists are never touched. Packages are checked against
# Debian's archive keys. The mirror is $DEBIAN_MIRROR or, without it, the one that this machine's apt uses.
set -euo pipefail
shopt -s inherit_errexit

usual_suites=(bullseye bookworm trixie sid)
all_suites=("${usual_suites[@]}" trixie-backports rt 6.18)
top=$(cd "$(dirname "$0")/.." && pwd)
vm=$(realpath -m "${CARGO_TARGET_DIR:-$top/target}")/vm

die() {
	echo "vm/kernels.sh: $*" >&2
	exit 1
}

# shellcheck source=vm/apt.sh
source "$top/vm/apt.sh"

# kernel_packages PACKAGE: the package itself and the kernel parts that it depends on, by their versioned names.
kernel_packages() {
	local dep
	# Suites keep some packages of an older kernel, and not all that these depend on.
	[ -n "$(apt-cache show --no-all-versions "$1" 2>/dev/null)" ] || return 0
	echo "$1"
	apt-cache show --no-all-versions "$1" | sed -n 's/^Depends: //p' | tr ',' '\n' |
		sed -nE 's/^ *(linux-(image|binary|modules|base)-[0-9][^ ]*).*/\1/p' |
		while read -r dep; do kernel_packages "$dep"; done
}

# unpack_vmlinux VMLINUZ: prints the kernel proper. The boot protocol (Documentation/arch/x86/boot.rst) says where in
# the file it lies: setup_sects at 0x1f1, payload_offset at 0x248, payload_length at 0x24c. The last 4 bytes of the
# payload are its unpacked size.
unpack_vmlinux() {
	local sects offset length
	number() { od -An -j "$2" -N "$1" -t "u$1" "$3" | tr -d ' '; }
	sects=$(number 1 $((0x1f1)) "$1")
	offset=$(($(number 4 $((0x248)) "$1") + (sects + 1) * 512))
	length=$(number 4 $((0x24c)) "$1")
	payload() { tail -c +$((offset + 1)) "$1" | head -c $((length - 4)); }
	# tail complains when head closes the pipe, and pipefail would make a failure of it.
	set +o pipefail
	case $(payload "$1" 2>/dev/null | od -An -N 4 -t x1 | tr -d ' ') in
	fd377a58) payload "$1" 2>/dev/null | xz -dc ;;
	28b52ffd) payload "$1" 2>/dev/null | zstd -dcq ;;
	02214c18) payload "$1" 2>/dev/null | lz4 -dcq ;;
	1f8b*) payload "$1" 2>/dev/null | gzip -dc ;;
	*) return 1 ;;
	esac
}

fetch() {
	local suite=$1 dir=$vm/$1 new=$vm/$1.new from=$1 image=linux-image-cloud-amd64
	local mirror packages modules release file deb
	case $suite in
	rt) from=trixie-backports image=linux-image-rt-amd64 ;;
	6.18) from=trixie-backports image=linux-image-$suite ;;
	esac
	mirror=$(debian_mirror)
	APT_CONFIG=$(apt_config "$from" "$mirror" "$suite")
	export APT_CONFIG
	rm -rf "$new"
	mkdir -p "$new/root" "$new/deb"
	apt-get -qq update || die "$suite: no package list from $mirror; check the network, or set DEBIAN_MIRROR"
	[ "$suite" != 6.18 ] || image=$(apt-cache pkgnames "$image" | grep -e '-cloud-amd64$' | sort -V | tail -n 1)
	mapfile -t packages < <(kernel_packages "$image" | grep -e '-[0-9]' | sort -u)
	[ ${#packages[@]} -gt 0 ] || die "$suite: $image names no kernel"
	(cd "$new/deb" && apt-get -qq download "${packages[@]}") || die "$suite: cannot download ${packages[*]}"
	for deb in "$new"/deb/*.deb; do
		dpkg-deb -x "$deb" "$new/root" || die "$suite: cannot unpack $deb"
	done

	# Newer packages have all in usr/lib/modules/<release>, older ones have lib/modules/<release> and boot.
	modules=$(find "$new/root" -path '*/lib/modules/*' -prune)
	[ -d "$modules" ] || die "$suite: not one modules folder in ${packages[*]}"
	release=$(basename "$modules")
	for file in vmlinuz config; do
		mv "$modules/$file" "$new/$file" 2>/dev/null || mv "$new/root/boot/$file-$release" "$new/$file" ||
			die "$suite: no $file in ${packages[*]}"
	done
	mv "$modules" "$new/modules"
	unpack_vmlinux "$new/vmlinuz" >"$new/vmlinux" || die "$suite: cannot unpack the kernel in $new/vmlinuz"
	echo "$release" >"$new/release"
	rm -rf "$new/root" "$new/deb" "$dir" "$vm/apt-$suite"
	mv "$new" "$dir"
}

refresh=
[ "${1:-}" != --refresh ] || { refresh=1; shift; }
[ $# -gt 0 ] || set -- "${usual_suites[@]}"
for suite; do
	case " ${all_suites[*]} " in
	*" $suite "*) ;;
	*) die "$suite: no such suite; there are: ${all_suites[*]}" ;;
	esac
	if [ -n "$refresh" ] || [ ! -s "$vm/$suite/release" ]; then
		for tool in apt-get dpkg-deb lz4 xz zstd; do
			command -v $tool >/dev/null || die "$tool is missing; run: script/setup.sh test"
		done
		mkdir -p "$vm"
		# Another process that wants the same suite waits, then finds it there.
		(
			flock 9
			if [ -n "$refresh" ] || [ ! -s "$vm/$suite/release" ]; then fetch "$suite"; fi
		) 9>"$vm/$suite.lock"
	fi
	echo "$suite: $(cat "$vm/$suite/release")"
done
