#!/usr/bin/env bash
# Builds what is shipped, and tries it where users would: fresh roots, containers. Needs root, and takes long, since the
# static binary and a release of Debian's own Rust are built; `make ship-test` installs what it needs first.
#
#   ONLY=static,unit,release,packages,trixie,images,fresh   run these parts only
#   ROOTS="bookworm trixie", FRESH=lint,unit,e2e,vm   the roots of part fresh, and the parts of `make test` there (all)
#
# Containers run under a daemon of its own, of which nothing is left but target/ship. The last line is
# `N passed, N failed, N skipped`.
# shellcheck disable=SC2317 # functions are called through check
set -euo pipefail

cd "$(dirname "$0")/.."
only=${ONLY:-static,unit,release,packages,trixie,images,fresh}
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
work=$target/ship
mirror=${MIRROR:-http://deb.debian.org/debian}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
static=dist/static/tracee
deb=dist/tracee_$version-1_amd64.deb
PATH=$PATH:/usr/sbin:$target/tools/bin
passed=0 failed=0 skipped=0

wants() { [[ ,$only, == *,$1,* ]]; }

# check NAME COMMAND…: a step that counts as one test; its output is shown if it fails. Whether it failed is in $ok, not in
# the status: behind `if`, `&&` and `||`, and in all that is called there, bash goes on after a command that fails.
check() {
	local name=$1 started=$SECONDS status
	shift
	printf '== %s: ' "$name"
	set +e
	(
		set -e
		"$@"
	) >"$work/log" 2>&1 </dev/null
	status=$?
	set -e
	if [ $status = 0 ]; then
		echo "ok ($((SECONDS - started)) s)"
		passed=$((passed + 1)) ok=true
	else
		echo "FAILED ($((SECONDS - started)) s)"
		tail -n 40 "$work/log"
		failed=$((failed + 1)) ok=false
	fi
}

finish() {
	printf '\n%d passed, %d failed, %d skipped\n' $passed $failed $skipped
	[ $failed = 0 ] && [ $passed != 0 ] || exit 1
	exit 0
}

# Lazily: the kernel's own file systems may be in use.
cleanup() {
	if [ -s "$work/docker/pid" ]; then kill "$(cat "$work/docker/pid")" 2>/dev/null || true; fi
	awk -v in_work="$work/" 'index($2, in_work) == 1 { print $2 }' /proc/self/mounts | while read -r mount; do
		umount -l "$mount" 2>/dev/null || true
	done
}
trap cleanup EXIT

# mounted ROOT: gives a root the kernel's own file systems.
mounted() {
	local fs
	for fs in proc sys dev; do
		mountpoint -q "$1/$fs" && continue
		mount --rbind "/$fs" "$1/$fs"
		mount --make-rslave "$1/$fs"
	done
}

# inside ROOT SCRIPT: runs it where that root is the first of all mounts, as on a system of its own; in a mere chroot the
# kernel's paths are longer than those that programs know.
inside() {
	unshare --mount sh -ec 'mount -o rbind "$1" "$1"
		cd "$1"
		pivot_root . .
		umount -l .
		cd /
		exec /bin/sh -ec "$2"' sh "$1" "$2"
}

# fresh SUITE NAME: a new, minimal root of that suite.
fresh() {
	# A run that was killed may have left a mount in it.
	rm -rf --one-file-system "${work:?}/$2"
	mkdir -p "$work/cache"
	debootstrap --variant=minbase --cache-dir="$work/cache" "$1" "$work/$2" "$mirror"
}

## The static binary.

static_size() { [ "$(stat -c %s $static)" -lt $((6 << 20)) ]; }
static_ldd() { ldd $static 2>&1 | grep -qE 'statically linked|not a dynamic'; }
static_empty_root() {
	rm -rf "$work/empty"
	mkdir -p "$work/empty"
	cp $static "$work/empty/tracee"
	chroot "$work/empty" /tracee --list -e openat | grep -q openat
}
# The best of ten, since other work on the machine is not its cost.
static_start() {
	local best=9999 begun took
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		begun=$(date +%s%N)
		$static -e getppid -- true
		took=$((($(date +%s%N) - begun) / 1000000))
		[ $took -ge $best ] || best=$took
	done
	echo "best of ten: $best ms"
	[ $best -lt 300 ]
}

## The tarball: another folder, the same bytes.

release_twice() {
	local other=$work/other-place/tracee
	make release
	rm -rf "$work/other-place"
	mkdir -p "$other"
	git ls-files -z | xargs -0 cp --parents -t "$other"
	SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) TRACEE_COMMIT=$(git rev-parse --short=12 HEAD) \
		CARGO_TARGET_DIR=$work/other-target make -C "$other" release
	(cd dist && sha256sum -c "tracee-$version-linux-x86_64.tar.gz.sha256")
	cmp "dist/tracee-$version-linux-x86_64.tar.gz" "$other/dist/tracee-$version-linux-x86_64.tar.gz"
}

## From here.

# Into a folder: all that people, man(1) and shells look for.
installs() {
	local root=$work/installed file
	rm -rf "$root"
	make install "DESTDIR=$root" PREFIX=/usr || return
	for file in bin/tracee lib/tracee/tracee.bpf.o share/man/man8/tracee.8 share/bash-completion/completions/tracee \
		share/zsh/site-functions/_tracee share/fish/vendor_completions.d/tracee.fish; do
		[ -s "$root/usr/$file" ] || return
	done
}

## Packages.

no_lintian_errors() {
	lintian --fail-on error "$deb"
}
no_rpmlint_errors() {
	rpmlint --config packaging/rpmlint.toml dist/tracee-*.rpm | tee "$work/rpmlint"
	grep -q ' 0 errors' "$work/rpmlint"
}
unit_verifies() {
	local level
	mkdir -p "$work/unit"
	sed 's,/usr/bin/tracee,/bin/true,' packaging/tracee.service >"$work/unit/tracee.service"
	systemd-analyze verify --man=no "$work/unit/tracee.service"
	systemd-analyze security --offline=true --no-pager "$work/unit/tracee.service" | tail -1
	level=$(systemd-analyze security --offline=true --no-pager "$work/unit/tracee.service" |
		sed -n 's/.*Overall exposure level.*: \([0-9.]*\) .*/\1/p')
	awk -v level="$level" 'BEGIN { exit !(level != "" && level < 4.0) }'
}

snapshot() { (cd "$1" && find . -xdev \( -path ./proc -o -path ./sys \) -prune -o -print | LC_ALL=C sort); }

# deb_in SUITE: installs, runs, verifies, purges.
deb_in() {
	local root=$work/$1
	fresh "$1" "$1"
	mounted "$root"
	# What the package needs stays, so that it does not count as left over.
	chroot "$root" apt-get update -qq
	chroot "$root" apt-get install -y -qq --no-install-recommends libelf1 zlib1g
	cp "$deb" "$root/tmp/tracee.deb"
	snapshot "$root" >"$work/before"
	chroot "$root" dpkg -i /tmp/tracee.deb
	chroot "$root" tracee --version
	chroot "$root" tracee -e execve -- true | grep 'pathname: .*true'
	TRACEE_BPF_FILE=/usr/lib/tracee chroot "$root" tracee -e execve -- true | grep 'pathname: .*true'
	chroot "$root" test -s /usr/lib/systemd/system/tracee.service -o -s /lib/systemd/system/tracee.service
	chroot "$root" test -s /usr/share/man/man8/tracee.8.gz -o -e /etc/dpkg/dpkg.cfg.d/docker
	chroot "$root" dpkg --purge tracee
	snapshot "$root" >"$work/after"
	# dpkg's and apt's own notes.
	diff <(grep -v '^./var/\(lib/dpkg\|log\|cache\)/' "$work/before") <(grep -v '^./var/\(lib/dpkg\|log\|cache\)/' "$work/after")
	! grep -i tracee <(grep -v '/tmp/tracee.deb' "$work/after")
}

# The service, under systemd as a system's first process; Debian 13's, on its kernel.
unit_in_vm() {
	local root=$work/systemd
	fresh trixie systemd
	mounted "$root"
	chroot "$root" apt-get update -qq
	chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends systemd-sysv
	cp "$deb" "$root/tmp/tracee.deb"
	chroot "$root" apt-get install -y -qq --no-install-recommends /tmp/tracee.deb
	tar -C "$root" --one-file-system --exclude=./var/cache/* --exclude=./var/lib/apt/* --exclude=./usr/share/[dlm]* \
		-cf "$work/systemd.tar" .
	vm/run.sh trixie --mem 4096 --append "rdinit=/systemd.sh" --file "$work/systemd.tar:/root.tar" \
		--file tests/ship/systemd.sh:/systemd.sh --file tests/ship/unit.sh:/unit.sh -- true
}

## Fresh systems with nothing but Rust and the sources.

# rust_root SUITE NAME: Debian 13 has its own Rust. Debian 12's is too old; there it is this machine's, as rustup has it.
rust_root() {
	local root=$work/$2 sysroot packages=(make git ca-certificates)
	fresh "$1" "$2"
	mounted "$root"
	if [ "$1" = bookworm ]; then
		sysroot=$(rustc --print sysroot)
		mkdir "$root/usr/local/rust"
		cp -a "$sysroot"/bin "$sysroot"/lib "$sysroot"/libexec "$root/usr/local/rust/"
		ln -s ../rust/bin/{cargo,cargo-clippy,cargo-fmt,clippy-driver,rustc,rustdoc,rustfmt} "$root/usr/local/bin/"
	else
		packages+=(cargo rustc)
	fi
	mkdir "$root/src"
	git ls-files -z | xargs -0 cp --parents -t "$root/src"
	chroot "$root" env DEBIAN_FRONTEND=noninteractive sh -ec "apt-get update -qq
		apt-get install -y -qq --no-install-recommends ${packages[*]} >/dev/null"
	# It trusts whom this machine trusts, which may reach crates.io through others.
	cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
}
run_in() {
	inside "$work/$1" "cd /src && make run ARGS='-e execve -- true'" | tee "$work/$1.run"
	grep 'pathname: .*true' "$work/$1.run"
}
test_in() {
	(unset ONLY && inside "$work/$1" "cd /src && make test ${FRESH:+ONLY=$FRESH}") | tee "$work/$1.test"
}

## Debian 13 with its own Rust.

builder_root() {
	rust_root trixie builder
	chroot "$work/builder" /src/script/setup.sh static
}
deb_by_trixie() {
	mounted "$work/builder"
	cp "$target"/tools/bin/cargo-deb "$work/builder/usr/local/bin/"
	chroot "$work/builder" sh -ec "cd /src && rustc --version && export TRACEE_COMMIT=$(git rev-parse --short=12 HEAD)
		make deb && dpkg -i dist/*.deb && tracee -e execve -- true | grep 'pathname: .*true'"
}

## Images, from roots that are here, without a registry and without a network.

docker() { command docker -H "unix://$work/docker/sock" "$@"; }
engine() {
	mkdir -p "$work/docker"
	setsid dockerd -H "unix://$work/docker/sock" --data-root "$work/docker/data" --exec-root "$work/docker/exec" \
		--pidfile "$work/docker/pid" --iptables=false --bridge=none >"$work/docker/log" 2>&1 &
	for _ in $(seq 300); do
		! docker version >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	return 1
}
base_images() {
	# With all crates, as a machine without a network would have them.
	chroot "$work/builder" sh -ec 'cd /src && cargo fetch --locked'
	tar -C "$work/builder" --one-file-system --exclude=./src --exclude=./proc/* --exclude=./sys/* -c . |
		docker import --change 'ENV CARGO_NET_OFFLINE=true CARGO_HOME=/root/.cargo' - debian:trixie
	docker tag debian:trixie debian:trixie-slim
}
image() {
	DOCKER_BUILDKIT=0 docker build --network=none --build-arg VERSION="$version" \
		--build-arg COMMIT="$(git rev-parse --short=12 HEAD)" --tag "tracee:$1" --file "$2" .
}
slim_is_small() { [ "$(docker image inspect --format '{{.Size}}' tracee:slim)" -lt 10000000 ]; }

# A second image, whose programs are traced.
busybox_image() {
	mkdir -p "$work/busybox/bin"
	cp "$(command -v busybox)" "$work/busybox/bin/busybox"
	tar -C "$work/busybox" -c . | docker import - busybox
}
traces_a_container() { DOCKER_HOST="unix://$work/docker/sock" tests/ship/traces.sh "$@"; }
# By Debian 13's engine, which knows the capabilities; its runc needs a newer libc than this machine may have.
traces_in_vm() {
	local root tool files=()
	root=$(vm/packages.sh trixie docker.io docker-cli containerd)
	for tool in usr/sbin/dockerd usr/bin/docker usr/bin/containerd usr/bin/containerd-shim-runc-v2; do
		files+=(--file "$root/$tool:/bin/$(basename $tool)")
	done
	docker save --output "$work/images.tar" tracee:slim busybox
	vm/run.sh trixie --mem 4096 --module overlay "${files[@]}" --file "$(type -P runc):/bin/runc" \
		--file "$work/images.tar:/images.tar" --file tests/ship/traces.sh:/traces.sh -- tests/ship/engine_in_vm.sh
}
all_by_engine() {
	rm -rf dist/tracee.bpf.o dist/tracee
	env DOCKER_BUILDKIT=0 DOCKER_HOST="unix://$work/docker/sock" make all DOCKER=1 BUILD_ARGS=--network=none \
		RUN_ARGS='--network=none --volume '"$work/builder/root/.cargo/registry"':/cargo/registry'
	[ -s dist/tracee.bpf.o ] && [ -x dist/tracee ]
}

[ "$(id -u)" = 0 ] || { echo "tests/ship.sh: needs root: chroot, containers" >&2; exit 1; }
mkdir -p "$work"

if wants static || wants images; then
	check "make static" make static
	$ok || finish
fi
if wants static; then
	check "it has less than 6 MiB" static_size
	check "it is static" static_ldd
	check "it runs in an empty root" static_empty_root
	check "it starts in less than 300 ms" static_start
fi
if wants unit; then check "the unit is right, and hardened" unit_verifies; fi
if wants release; then check "make release, twice in different folders" release_twice; fi
if wants packages; then
	check "make deb" make deb
	$ok || finish
	check "make install" installs
	check "make rpm" make rpm
	$ok || finish
	check "lintian" no_lintian_errors
	check "rpmlint" no_rpmlint_errors
	check "the deb in a fresh bookworm" deb_in bookworm
	check "the deb in a fresh trixie" deb_in trixie
	check "its service under systemd" unit_in_vm
fi
if wants trixie || wants images; then
	check "a fresh trixie with Rust" builder_root
	$ok || finish
fi
if wants trixie; then check "make deb with Debian 13's own Rust" deb_by_trixie; fi
if wants images; then
	check "a container engine" engine
	$ok || finish
	check "base images" base_images
	$ok || finish
	check "an image of busybox" busybox_image
	$ok || finish
	check "Dockerfile.slim" image slim Dockerfile.slim
	check "the slim image has less than 10 MB" slim_is_small
	check "the slim image traces a container" traces_a_container tracee:slim --cap-add SYS_ADMIN
	check "and in a VM, privileged and by two capabilities" traces_in_vm
	check "Dockerfile" image full Dockerfile
	check "the full image traces a container" traces_a_container tracee:full --cap-add SYS_ADMIN
	check "make all DOCKER=1" all_by_engine
fi
if wants fresh; then
	for suite in ${ROOTS:-bookworm trixie}; do
		check "a fresh $suite with nothing but Rust" rust_root "$suite" "fresh-$suite"
		$ok || continue
		check "make run there" run_in "fresh-$suite"
		check "make test there" test_in "fresh-$suite"
	done
fi
finish
