#!/bin/sh
# Installs what is missing, and only that: script/setup.sh [build|static|test|deb|rpm|ship|bench]…
#
#   build     to build tracee (also part of each of the others)
#   static    to build libelf and zlib from source, for the static binary
#   test      to run the tests, here and on other kernels in emulated machines
#   deb, rpm  to make a package of that kind
#   ship      to try all that is shipped
#   bench     to compare with other tracers; tools that are missing in the distribution are left out
#
# Knows apt-get (Debian, Ubuntu) and dnf (Fedora); uses sudo if not root.
set -eu

cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
PATH=$PATH:/usr/sbin:/sbin
done_something=

say() { echo "setup: $*"; }
die() {
	echo "setup: $*" >&2
	exit 1
}
doing() {
	say "$@"
	done_something=1
}
has() { command -v "$1" >/dev/null 2>&1; }

if [ "$(id -u)" = 0 ]; then
	as_root=
elif has sudo; then
	as_root=sudo
else
	as_root=none
fi

if has apt-get; then
	manager=apt
elif has dnf; then
	manager=dnf
else
	manager=none
fi

missing=
optional=

# want CHECK APT DNF: notes packages to install unless CHECK, a command of this shell, succeeds.
want() { missing="$missing $(package_unless "$@")"; }
could_use() { optional="$optional $(package_unless "$@")"; }
package_unless() {
	! eval "$1" >/dev/null 2>&1 || return 0
	case $manager in
	apt) echo "$2" ;;
	*) echo "$3" ;;
	esac
}

# shellcheck disable=SC2329 # called through want
links() { echo 'int main(void) { return 0; }' | gcc "$@" -x c - -o /dev/null; }

group_build() {
	want 'has clang' clang clang
	want 'has llvm-strip' llvm llvm
	want 'has make' make make
	want 'has gcc' gcc gcc
	# gcc without the C library's headers and start files cannot link.
	want 'links' libc6-dev glibc-devel
	want 'has pkg-config' pkg-config pkgconf-pkg-config
	want '[ -e /usr/include/libelf.h ]' libelf-dev elfutils-libelf-devel
	want '[ -e /usr/include/zlib.h ]' zlib1g-dev zlib-devel
}

group_static() {
	group_build
	for tool in autoconf automake gettext flex bison gawk; do want "has $tool" $tool $tool; done
	want 'has autopoint' autopoint gettext-devel
}

group_test() {
	group_static
	want 'has systemd-analyze' systemd systemd
	want 'links -static' libc6-dev glibc-static
	want 'has c++' g++ gcc-c++
	want 'links -static -m32' gcc-multilib 'glibc-devel.i686 glibc-static.i686 libgcc.i686'
	want 'has clang-format' clang-format clang-tools-extra
	want 'has shellcheck' shellcheck ShellCheck
	want 'has codespell' codespell codespell
	want 'has valgrind' valgrind valgrind
	want 'has git' git git
	could_use 'has upx' upx-ucl upx
	# They try their completions.
	could_use 'has zsh' zsh zsh
	could_use 'has fish' fish fish
	# Newer compilers make other programs of the same sources, which kernels must load as well.
	could_use 'has clang-19 || ! has clang-14' clang-19 clang
	want 'has strace' strace strace
	want 'bpftool version' "$bpftool" bpftool
	want 'has python3' python3 python3
	want 'has ps' procps procps-ng
	# For vm/.
	want 'has qemu-system-x86_64' qemu-system-x86 qemu-system-x86-core
	want 'has busybox && busybox --list | grep -qx depmod' busybox-static busybox
	want 'has cpio' cpio cpio
	want 'has lz4' lz4 lz4
	want 'has xz' xz-utils xz
	want 'has zstd' zstd zstd
	want 'has apt-get' apt apt
	want 'has dpkg-deb' dpkg dpkg
	want '[ -e /usr/share/keyrings/debian-archive-keyring.gpg ]' debian-archive-keyring debian-keyring
	if ! has rustup; then
		want 'cargo fmt --version' rustfmt rustfmt
		want 'cargo clippy --version' rust-clippy clippy
	fi
}

group_deb() {
	group_build
	want 'has dpkg-shlibdeps' dpkg-dev dpkg-dev
}

group_rpm() { group_build; }

group_ship() {
	group_test
	group_deb
	group_rpm
	want 'has debootstrap' debootstrap debootstrap
	want 'has lintian' lintian lintian
	want 'has rpmlint' rpmlint rpmlint
	want 'has rpm' rpm rpm
	want 'has systemd-analyze' systemd systemd
	want 'has dockerd' docker.io moby-engine
	want 'has busybox' busybox-static busybox
}

group_bench() {
	group_build
	could_use 'has strace' strace strace
	could_use 'has perf' "$perf" perf
	could_use 'has bpftrace' bpftrace bpftrace
	could_use 'has execsnoop || has execsnoop-libbpf || has bpf-execsnoop' libbpf-tools libbpf-tools
}

# Ubuntu has these two in one package.
bpftool=bpftool perf=linux-perf
if grep -qs '^ID=ubuntu' /etc/os-release; then
	bpftool=linux-tools-generic perf=linux-tools-generic
fi

[ $# -gt 0 ] || set -- build
groups=$*
for group; do
	case $group in
	build | static | test | deb | rpm | ship | bench) "group_$group" ;;
	*) die "$group: no such group; there are: build static test deb rpm ship bench" ;;
	esac
done
tidy() { echo "$*" | tr ' ' '\n' | grep -v '^$' | sort -u | tr '\n' ' ' | sed 's/ $//'; }
# shellcheck disable=SC2086 # words
{
	missing=$(tidy $missing)
	optional=$(tidy $optional)
}

if [ -n "$missing$optional" ]; then
	case $manager in
	apt) install="apt-get install -y --no-install-recommends" ;;
	dnf) install="dnf install -y --setopt=install_weak_deps=False" ;;
	none) die "this system has neither apt-get nor dnf; install by its own means (Fedora's names): $missing $optional" ;;
	esac
	[ "$as_root" != none ] || die "not root and no sudo here; run as root: $install $missing $optional"
	if [ $manager = apt ]; then
		install="env DEBIAN_FRONTEND=noninteractive $install -qq -o Dpkg::Use-Pty=0"
		doing "apt-get update"
		$as_root apt-get update -qq -o Acquire::Retries=3 || die "apt-get update failed; check the network and /etc/apt"
	fi
fi
if [ -n "$missing" ]; then
	doing "installing $missing"
	# shellcheck disable=SC2086 # words
	$as_root $install $missing >/dev/null || die "could not install; try: $install $missing"
fi
for package in $optional; do
	doing "installing $package"
	# shellcheck disable=SC2086 # words
	$as_root $install "$package" >/dev/null 2>&1 || say "$package: unavailable here; going on without it"
done

# Rust is for its user to choose, so it is not installed here.
if ! has cargo || ! has rustc; then
	die "no cargo or rustc; install Rust 1.85 or later by rustup (rustup.rs), on Debian 13 by 'apt-get install cargo rustc'"
fi
rust=$(rustc --version | sed 's/^rustc 1\.\([0-9]*\)\..*/\1/')
[ "$rust" -ge 85 ] || die "$(rustc --version): too old; install Rust 1.85 or later, as with 'rustup update stable'"

# cargo_tool NAME VERSION: builds a tool of cargo's unless it is there; VERSION is the last one that
# Rust 1.85 can build, if later ones exist.
cargo_tool() {
	if ! has "$1" && [ ! -x "$target/tools/bin/$1" ]; then
		doing "building $1 into $target/tools, once; this takes minutes"
		[ "$rust" -lt 88 ] && [ -n "$2" ] || set -- "$1"
		nice cargo install --quiet --locked "$1" ${2:+--version "=$2"} --root "$target/tools" ||
			die "could not build $1; 'cargo install --locked $1' does the same"
	fi
}

case " $groups " in
*" test "*)
	for component in fmt clippy; do
		if ! cargo $component --version >/dev/null 2>&1; then
			name=$(echo $component | sed s/fmt/rustfmt/)
			doing "rustup component add $name"
			rustup component add "$name"
		fi
	done
	;;
esac
case " $groups " in
*" deb "* | *" ship "*) cargo_tool cargo-deb '' ;;
esac
case " $groups " in
*" rpm "* | *" ship "*) cargo_tool cargo-generate-rpm 0.20.0 ;;
esac

if [ -z "$as_root" ] && [ -d /sys/kernel/tracing ] && [ ! -e /sys/kernel/tracing/events ]; then
	doing "mounting tracefs on /sys/kernel/tracing"
	mount -t tracefs tracefs /sys/kernel/tracing || say "tracefs cannot be mounted here; tracing will need it"
fi

[ -n "$done_something" ] || say "nothing to do ($groups)"
