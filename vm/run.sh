#!/usr/bin/env bash
# Runs a program on another kernel: vm/run.sh [option…] <suite> [option…] -- <program> [argument…]
#
#   --file SRC:DST   a file or folder to have in the guest; may be repeated
#   --env NAME=VALUE a variable of the program's environment; may be repeated
#   --module NAME    a kernel module to have in the guest for modprobe, with those that it needs; may be repeated
#   --smp N          processors (2)
#   --mem MIB        memory (1024)
#   --append TEXT    more of a kernel command line
#   --timeout SECS   when to give up (900)
#
# The guest is an initramfs: busybox with all its applets, this system's sh, strace, bpftool, and what the options name,
# each ELF file with its shared libraries. A program with a slash in its name that exists here is put into the guest's
# /bin; any other is looked up there. Prints what the program prints and exits with its status; exits 125, with a line on
# standard error, if there is no status to exit with. The kernel's own messages are in target/vm/<suite>/console.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
vm=$(realpath -m "${CARGO_TARGET_DIR:-$here/../target}")/vm

die() {
	echo "vm/run.sh: $*" >&2
	exit 125
}

suite='' smp=2 mem=1024 append='' timeout=900 files=() env=() modules=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	case $1 in
	--file | --env | --module | --smp | --mem | --append | --timeout)
		[ $# -gt 1 ] || die "$1: no value given"
		case $1 in
		--file) files+=("$2") ;;
		--env) env+=("$2") ;;
		--module) modules+=("$2") ;;
		*) declare "${1#--}=$2" ;;
		esac
		shift 2
		;;
	-*) die "$1: no such option" ;;
	*)
		[ -z "$suite" ] || die "$1: one suite only, and '--' before the program"
		suite=$1
		shift
		;;
	esac
done
if [ -z "$suite" ] || [ $# -lt 2 ]; then die "usage: vm/run.sh <suite> [option…] -- <program> [argument…]"; fi
shift

for tool in qemu-system-x86_64 busybox cpio; do
	command -v $tool >/dev/null || die "$tool is missing; run: script/setup.sh test"
done
"$here/kernels.sh" "$suite" >/dev/null || exit 125
release=$(cat "$vm/$suite/release")

# Users other than root must be able to read files in the guest.
umask 022
work=$(mktemp -d "$vm/$suite/run.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root"/{dev,etc,proc,root,run,sys,tmp,usr/{bin,sbin,lib,lib32,lib64,libx32}}
for dir in bin sbin lib lib32 lib64 libx32; do ln -s "usr/$dir" "$root/$dir"; done

# ship SRC DST: copies a file or folder into the guest, and the shared libraries of all that is ELF in it.
ship() {
	local src=$1 dst=$root/$2 elf lib
	[ -e "$src" ] || die "$src: no such file"
	mkdir -p "$(dirname "$dst")"
	cp -RLT --remove-destination "$src" "$dst"
	find "$dst" -type f -print0 | while IFS= read -r -d '' elf; do
		[ "$(head -c 4 "$elf" | tr -d '\0')" = $'\x7fELF' ] || continue
		# ldd fails for static binaries.
		{ ldd "$elf" 2>/dev/null || true; } | sed -nE 's/^.*[[:space:]](\/[^ ]+) \(0x.*$/\1/p' | while read -r lib; do
			[ -e "$root/$lib" ] || { mkdir -p "$(dirname "$root/$lib")" && cp -L "$lib" "$root/$lib"; }
		done
	done
}

# ship_module NAME: copies a module, unpacked, after those that it needs. A built-in module needs
# nothing.
ship_module() {
	local file needed ko=$root/lib/modules/$release/$1.ko
	[ ! -e "$ko" ] || return 0
	file=$(find "$vm/$suite/modules/kernel" -name "${1//[-_]/[-_]}.ko*")
	if [ -z "$file" ]; then
		grep -q "/${1//[-_]/[-_]}\.ko" "$vm/$suite/modules/modules.builtin" || die "$1: no such module in $suite"
		return 0
	fi
	mkdir -p "$(dirname "$ko")"
	case $file in
	*.xz) xz -dc "$file" >"$ko" ;;
	*) cp "$file" "$ko" ;;
	esac
	for needed in $(tr '\0,' '\n ' <"$ko" | LC_ALL=C sed -n 's/^depends=//p'); do ship_module "$needed"; done
}

busybox --list | while read -r applet; do ln -s busybox "$root/bin/$applet"; done
ship "$(command -v busybox)" /bin/busybox
# Busybox's own shell runs applets as /proc/self/exe, unlike any other system.
ship /bin/sh /bin/sh
for tool in strace bpftool; do
	path=$(PATH=$PATH:/usr/sbin:/sbin type -P $tool) || die "$tool is missing; run: script/setup.sh test"
	ship "$path" "/bin/$tool"
done
for file in "${files[@]}"; do ship "${file%:*}" "${file##*:}"; done
program=$1
shift
if [[ $program == */* && -f $program ]]; then
	ship "$program" "/bin/$(basename "$program")"
	program=/bin/$(basename "$program")
fi
for module in "${modules[@]}"; do ship_module "$module"; done
if [ ${#modules[@]} -gt 0 ]; then
	cp "$vm/$suite"/modules/modules.{builtin,builtin.modinfo,order} "$root/lib/modules/$release/"
	busybox depmod -b "$root" "$release"
fi

cat >"$root/etc/passwd" <<-'PASSWD'
	root:x:0:0:root:/root:/bin/sh
	nobody:x:65534:65534:nobody:/:/bin/sh
PASSWD
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
echo '127.0.0.1 localhost' >"$root/etc/hosts"

# The line that ends the program's output; the program cannot print it by accident.
nonce="vm-status-$(od -An -N 16 -t x8 /dev/urandom | tr -d ' \n')"
{
	echo "nonce=$nonce"
	for var in "${env[@]}"; do printf 'export %s=%q\n' "${var%%=*}" "${var#*=}"; done
	echo 'main() {'
	printf '%q ' "$program" "$@"
	printf '\n}\n'
} >"$root/vm.conf"
cp "$here/init" "$root/init"
chmod 755 "$root/init"
(cd "$root" && find . -print0 | cpio --quiet -0 -o -H newc -R 0:0) >"$work/initramfs"

# -cpu max: all features of the emulator, except the flag that copying byte by byte is fast (erms):
# here it is slow, and the kernel would copy and clear all pages that way. Without it, a start of
# tracee takes a sixth less. fsrm is the same for short copies; a processor with only that corrupts
# the memory of 5.10 and 6.1.
# random.trust_cpu: early boot has no other source, and getrandom() would wait.
# ia32_emulation: Debian builds it in but switches it off from 6.7 on. lsm: the BPF LSM is not in Debian's own list.
# no_timer_check: on a busy host the emulator's timer fails 5.10's check.
# maxcpus=1: early boot patches the kernel's code all the time, and about every tenth boot of 7.2 on two of QEMU's
# threads ran into a breakpoint that had been taken out already. init brings up the other processors.
cmdline="console=ttyS0 loglevel=5 panic=-1 oops=panic random.trust_cpu=on nokaslr no_timer_check maxcpus=1 ia32_emulation=1"
cmdline="$cmdline lsm=capability,landlock,lockdown,yama,bpf $append"
set +e
timeout --foreground "$timeout" qemu-system-x86_64 -accel tcg -cpu max,-erms,-fsrm -smp "$smp" -m "$mem" \
	-nodefaults -no-user-config -nic none -display none -no-reboot \
	-chardev "file,id=console,path=$work/console" -serial chardev:console \
	-chardev stdio,id=out,signal=off -serial chardev:out \
	-kernel "$vm/$suite/vmlinux" -initrd "$work/initramfs" -append "$cmdline" \
	</dev/null 2>"$work/qemu" |
	awk -v nonce="$nonce" -v status="$work/status" '
		# The status line comes after a LF of its own, which is an empty line if the program ended its last one.
		$1 == nonce { while (empty-- > 1) print ""; print $2 >status; exit }
		$0 == "" { empty++; next }
		{ while (empty) { print ""; empty-- } print; fflush() }'
qemu=${PIPESTATUS[0]}
set -e

mv "$work/console" "$vm/$suite/console" 2>/dev/null || : >"$vm/$suite/console"
log="the console is in $vm/$suite/console"
if [ -s "$work/status" ]; then
	if grep -qE 'cut here|BUG: |Oops: ' "$vm/$suite/console"; then
		echo "vm/run.sh: $suite: the kernel complained while the program ran; $log" >&2
	fi
	exit "$(cat "$work/status")"
elif grep -q 'Kernel panic' "$vm/$suite/console"; then
	die "$suite: kernel panic; $log"
elif [ "$qemu" = 124 ]; then
	die "$suite: no end after $timeout s; $log"
elif [ "$qemu" != 0 ]; then
	die "$suite: qemu failed: $(head -1 "$work/qemu")"
fi
die "$suite: the guest stopped without a status; $log"
