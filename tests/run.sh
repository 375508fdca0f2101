#!/usr/bin/env bash
# Runs all checks and tests, here and on other kernels, and sums them up. `make test` installs what it needs first.
#
#   ONLY=lint,unit,fuzz,e2e,vm
#                           run these parts only (style: what of lint compiles nothing; progs: compile the test programs;
#                           ship: build the static binary, 5 min; torture: torture tests, see docs/reliability.md)
#   LONG=1                  the long forms: each kernel runs all tests that it can change; loads last longer
#   QUICK=1                 of the end-to-end tests one for each file
#   SUITES="bullseye sid"   the kernels of part vm (all: vm/kernels.sh)
#   FILTER=TEXT             only tests with this in their names
#   FUZZ_SECONDS=15         how long the fuzz targets run, side by side (long forms: 60)
#
# First comes what compiles, with all processors; then tests that measure, alone; then the other
# tests here beside the emulators, which have lower priority. Seconds are printed by the clock and
# by processors.
#
# Each step's whole output is in target/test/<step>.log. A step that fails does not keep the next
# ones from running, except the build. The last line is `N passed, N failed, N skipped`, where a
# check counts as one test; the exit status is 0 if all of it ran and none failed.
# shellcheck disable=SC2317 # functions are called through check and tests
set -euo pipefail

cd "$(dirname "$0")/.."
only=${ONLY:-lint,unit,fuzz,e2e,vm}
# The slowest come first, so that no processor is idle in the end.
suites=${SUITES:-sid bullseye bookworm trixie}
filter=${FILTER:-}
long=${LONG:+1} quick=${QUICK:+1}
export FUZZ_SECONDS=${FUZZ_SECONDS:-$([ -n "$long" ] && echo 60 || echo 15)}
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
logs=$target/test
# Limits in seconds of end-to-end tests here, and in an emulator.
limit=1500 vm_limit=3000

PATH=$PATH:$target/tools/bin
export CARGO_TERM_COLOR=never
locked=()
[ -z "${CI:-}" ] || locked=(--locked)
# One profile, so that everything is compiled once.
profile=(--profile test-run "${locked[@]}")
tracee=$target/test-run/tracee

passed=0 failed=0 skipped=0 failures=() skips=()

wants() { [[ ,$only, == *,$1,* ]]; }

# cpu_seconds SHELL: seconds that the processes which it has waited for took of processors.
cpu_seconds() {
	local stat
	stat=$(<"/proc/$1/stat")
	# After the name, which may have spaces: cutime and cstime are the fields 16 and 17 of all.
	# shellcheck disable=SC2086 # words
	set -- ${stat##*) }
	echo $(((${14} + ${15}) / $(getconf CLK_TCK)))
}

# step NAME COMMAND…: runs a command into its log; prints its result and its time.
step() {
	local name=$1 started=$SECONDS used status=0
	used=$(cpu_seconds $$)
	log=${name%%,*}
	log=$logs/${log//[^a-z0-9]/-}.log
	shift
	printf '== %s: ' "$name"
	"$@" >"$log" 2>&1 </dev/null || status=$?
	took="$((SECONDS - started)) s, $(($(cpu_seconds $$) - used)) s of processors"
	return $status
}

skip() {
	skipped=$((skipped + 1))
	skips+=("$1: $2")
}

# has NAME TOOL: whether the tool of this check is installed; if not, the check fails and names the
# command that installs it.
has() {
	! type -P "$2" >/dev/null || return 0
	echo "== $1: FAILED: $2 is missing; run: script/setup.sh test"
	fail "$1: $2 is missing; run: script/setup.sh test"
	return 1
}

fail() {
	failed=$((failed + 1))
	failures+=("$1")
}

# check NAME COMMAND…: a step that counts as one test.
check() {
	if step "$@"; then
		echo "ok ($took)"
		passed=$((passed + 1))
	else
		echo "FAILED ($took)"
		cat "$log"
		fail "$1"
		return 1
	fi
}

# tests NAME COMMAND…: a step that prints results as Rust's test harness does.
tests() {
	local name=$1 status=0 results p f s
	step "$@" || status=$?
	results=$(grep '^test result: ' "$log" || true)
	count() { echo "$results" | sed -nE "s/.* ([0-9]+) $1;.*/\1/p" | awk '{ n += $1 } END { print n + 0 }'; }
	p=$(count passed) f=$(count failed) s=$(count ignored)
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	mapfile -t -O ${#failures[@]} failures < <(failed_tests | sed "s/^/$name: /")
	mapfile -t -O ${#skips[@]} skips < <(skipped_tests | sed "s/^/$name: /")
	if [ $status != 0 ] || [ -z "$results" ]; then
		echo "FAILED: $p passed, $f failed, $s skipped ($took); all of it is in $log"
		# The reports of the failed tests, or the end of the log if there are none.
		sed -n '/^failures:$/,$p' "$log" | grep . || tail -n 60 "$log"
		[ "$f" != 0 ] || fail "$name: did not finish (status $status)"
	else
		echo "$p passed, $f failed, $s skipped ($took)"
	fi
	# The kernel's complaints, or why it did not run.
	grep '^vm/run.sh: ' "$log" || true
}

# The names below the last `failures:` of each harness: those before it head the reports.
failed_tests() {
	awk '/^failures:$/ { n = 0; listed = 1; next }
		listed && /^    [^ ]/ { name[n++] = substr($0, 5); next }
		/^test result: / { for (i = 0; i < n; i++) print name[i]; n = 0 }
		NF { listed = 0 }' "$log"
}

# With the reason, if the test or the harness has one: `skip: NAME: REASON`, `test NAME ... ignored,
# REASON`.
skipped_tests() {
	awk '/^skip: / { sub(/^skip: /, ""); print; name = $1; sub(/:$/, "", name); said[name] = 1 }
		/^test .* \.\.\. ignored/ {
			name = $2
			if (name in said) next
			reason = $0
			print name (sub(/.*\.\.\. ignored, /, "", reason) ? ": " reason : "")
		}' "$log"
}

clang_format() {
	find src/bpf tests -name '*.[ch]' ! -name vmlinux.h -exec clang-format --dry-run -Werror {} +
}

# The project's own files: by git, or all files, as in a tarball.
own_files() {
	git ls-files -z 2>/dev/null || find . -type f ! -path './target/*' ! -path './dist/*' -printf '%P\0'
}

shell_scripts() {
	local scripts
	mapfile -t scripts < <(own_files | xargs -0 awk 'FNR == 1 && /^#!.*[ \/](ba)?sh( |$)/ { print FILENAME } { nextfile }')
	[ ${#scripts[@]} -gt 10 ] || return
	shellcheck --severity=warning "${scripts[@]}"
}

spelling() { own_files | grep -zvE '^(vmlinux|fuzz/corpus)/|\.lock$' | xargs -0 codespell; }

# Subjects of commits that no main branch has yet, else of the last twenty; the rule is of that day.
subjects() {
	local range=(-20)
	! git rev-parse -q --verify origin/main >/dev/null || range=(HEAD ^origin/main)
	git log --no-merges --since=2026-11-27T00:00:00Z --format='%h %s' "${range[@]}" |
		awk '{ hash = $1; sub(/^[^ ]* /, "") } length >= 72 {
			print hash ": the subject has " length " characters; write fewer than 72: " $0
			bad = 1
		} END { exit bad }'
}

docs() { RUSTDOCFLAGS="-D warnings" cargo doc "${profile[@]}" --no-deps --lib --examples; }

# Statically linked, so that they run on any kernel without files beside them.
test_programs() {
	local source name
	mkdir -p "$target/progs"
	for source in tests/progs/*.c; do
		[ -e "$source" ] || continue
		name=$target/progs/$(basename "$source" .c)
		compile() { [ "$1" -nt "$source" ] || gcc -O1 -Wall -static -pthread "${@:2}" "$source" -o "$1"; }
		compile "$name" || return
		if head -n 1 "$source" | grep -qw m32; then compile "${name}32" -m32 || return; fi
	done
	pack "$target/progs/capture" "$target/progs/packed"
}

# pack PROGRAM PACKED: packs a program as malware is packed. Debian 12 has no packer. Without one,
# the test is skipped.
pack() {
	local upx=() root
	[ ! "$2" -nt "$1" ] || return 0
	if upx=("$(type -P upx)"); then
		:
	elif root=$(vm/packages.sh bullseye upx-ucl libucl1); then
		upx=(env "LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu" "$root/usr/bin/upx-ucl")
	else
		return 0
	fi
	rm -f "$2"
	"${upx[@]}" -qq -o "$2" "$1" && touch "$2"
}

# Builds the end-to-end tests; their path is in the last of Cargo's messages that name it.
build_e2e() {
	cargo test "${profile[@]}" --test e2e --no-run --message-format=json-render-diagnostics |
		sed -n 's/.*"name":"e2e".*"executable":"\([^"]*\)".*/\1/p' >"$logs/e2e.path"
	[ -s "$logs/e2e.path" ]
}

# Uses the newest object that clippy or the build has compiled, since compiling it takes minutes. In a shell of its own:
# a later build would take the object for its own.
fuzz_targets() (
	local objects
	mapfile -t objects < <(ls -t "$target"/test-run/build/tracee-*/out/tracee.bpf.o 2>/dev/null)
	if [ ${#objects[@]} -gt 0 ]; then export TRACEE_BPF_OBJECT=${objects[0]}; fi
	fuzz/run.sh "$@"
)

# The BPF object by the newest compiler here, if that is not the usual one: other compilers make other
# programs of the same sources, and a kernel may refuse one.
newest_object() {
	local clang as_root=()
	clang=$(compgen -c clang- | grep -xE 'clang-[0-9]+' | sort -t- -k2n | tail -n 1)
	[ -n "$clang" ] && [ "$("$clang" --version | head -n 1)" != "$(clang --version | head -n 1)" ] || return 0
	[ "$target/newest/tracee.bpf.o" -ot "$tracee" ] || return 0
	[ "$(id -u)" = 0 ] || as_root=(sudo)
	rm -rf "$target/newest"
	mkdir -p "$target/newest"
	"${as_root[@]}" env "CLANG=$clang" "$tracee" --build-policy always --install-path "$target/newest" -e execve -- true
	[ -s "$target/newest/tracee.bpf.o" ]
}

# e2e_here [LANE]: all end-to-end tests or those of a lane (tests/e2e/main.rs).
e2e_here() {
	local as_root=()
	[ "$(id -u)" = 0 ] || as_root=(sudo)
	timeout "$limit" "${as_root[@]}" env TRACEE_BIN="$tracee" TRACEE_TEST_PROGS="$target/progs" \
		TRACEE_TEST_LANE="${1:-}" ${long:+TRACEE_TEST_LONG=1} \
		"$(cat "$logs/e2e.path")" --color never ${filter:+"$filter"}
}

# Torture tests; their figures are in target/test/torture.md.
build_torture() {
	cargo test "${profile[@]}" --test torture --no-run --message-format=json-render-diagnostics |
		sed -n 's/.*"name":"torture".*"executable":"\([^"]*\)".*/\1/p' >"$logs/torture.path"
	[ -s "$logs/torture.path" ]
}

torture_here() {
	timeout "$limit" env TRACEE_BIN="$tracee" TRACEE_TEST_PROGS="$target/progs" \
		TORTURE_FIGURES="$logs/torture.md" "$(cat "$logs/torture.path")" --color never ${filter:+"$filter"}
}

e2e_in_vm() {
	local tool path tools=() first=()
	# Container runtimes, if installed.
	for tool in runc crun; do
		path=$(PATH=$PATH:/usr/sbin type -P $tool) && tools+=(--file "$path:/bin/$tool")
	done
	[ ! -e "$target/newest/tracee.bpf.o" ] || tools+=(--file "$target/newest/tracee.bpf.o:/newest/tracee.bpf.o" --env TRACEE_TEST_NEWEST=/newest)
	# Tests here take precedence when both need a processor.
	! wants e2e || first=(nice)
	"${first[@]}" vm/run.sh "$1" --mem 2048 --timeout "$vm_limit" --module dummy --module fuse --module overlay \
		--file "$tracee:/bin/tracee" --file "$target/progs:/progs" "${tools[@]}" \
		--env TRACEE_BIN=/bin/tracee --env TRACEE_TEST_PROGS=/progs --env TRACEE_TEST_VM=1 \
		${long:+--env TRACEE_TEST_LONG=1} \
		-- "$(cat "$logs/e2e.path")" --color never ${filter:+"$filter"}
}

# start_vms SUITE…: runs the tests on these kernels, on as many at once as there are processors.
start_vms() {
	local suite running=0
	for suite in "$@"; do
		[ $running -lt "$(nproc)" ] || { wait -n && running=$((running - 1)); }
		(
			status=0 begun=$SECONDS self=$BASHPID
			e2e_in_vm "$suite" >"$logs/$suite.out" 2>&1 </dev/null || status=$?
			echo $status $((SECONDS - begun)) "$(cpu_seconds "$self")" >"$logs/$suite.status"
		) &
		running=$((running + 1))
	done
	wait
}

# The output of a VM, and its status; it ran before the step was timed.
vm_result() {
	local status seconds cpu
	cat "$logs/$1.out"
	read -r status seconds cpu <"$logs/$1.status"
	started=$((SECONDS - seconds)) used=$(($(cpu_seconds $$) - cpu))
	return "$status"
}

# end_vms: ends them with all that they started.
vms=''
end_vms() { [ -z "$vms" ] || kill -- "-$vms" 2>/dev/null || true; }
trap end_vms EXIT
trap 'exit 130' INT TERM

# Advisories are in a database on the network, which not every machine reaches.
advisories() {
	if step "advisory database" timeout 120 cargo deny fetch db; then
		echo "ok ($took)"
		check "cargo deny advisories" cargo deny check advisories
	else
		echo "cannot be reached ($took)"
		skip "cargo deny advisories" "the advisory database cannot be reached"
	fi
}

# finish: sums up and ends.
finish() {
	if [ ${#skips[@]} -gt 0 ]; then printf '\nskipped:\n' && printf '  %s\n' "${skips[@]}"; fi
	if [ ${#failures[@]} -gt 0 ]; then printf '\nfailed:\n' && printf '  %s\n' "${failures[@]}"; fi
	printf '\n%d passed, %d failed, %d skipped\n' $passed $failed $skipped
	[ $failed = 0 ] && [ $passed != 0 ] || exit 1
	exit 0
}

for part in ${only//,/ }; do
	case $part in
	style | lint | unit | fuzz | e2e | ship | vm | progs | torture) ;;
	*)
		echo "tests/run.sh: ONLY=$part: no such part; there are: style lint unit fuzz e2e ship vm progs torture" >&2
		exit 1
		;;
	esac
done
mkdir -p "$logs"
for tool in cargo gcc; do
	type -P $tool >/dev/null || {
		echo "tests/run.sh: $tool is missing; run: script/setup.sh test" >&2
		exit 1
	}
done

if wants lint || wants style; then
	check "rustfmt" cargo fmt --check -- --color never || true
	! has "clang-format" clang-format || check "clang-format" clang_format || true
	! has "shellcheck" shellcheck || check "shellcheck" shell_scripts || true
	! has "spelling" codespell || check "spelling" spelling || true
	if git rev-parse --git-dir >/dev/null 2>&1; then
		check "commit subjects" subjects || true
	else
		skip "commit subjects" "there is no history here"
	fi
fi
if wants lint; then
	# With the tests' profile, so that C libraries are built once for both.
	check "clippy" cargo clippy "${profile[@]}" --all-targets -- -D warnings || true
	if type -P rustdoc >/dev/null; then
		check "documentation" docs || true
	else
		skip "documentation" "rustdoc is not installed; it comes with Rust, from rustup or a distribution's rustc"
	fi
	# Part fuzz builds them anyway.
	wants fuzz || check "fuzz targets compile" fuzz_targets --check || true
	# Compiling it takes minutes.
	if type -P cargo-deny >/dev/null; then
		check "cargo deny" cargo deny check bans licenses sources || true
		advisories || true
	else
		skip "cargo deny" "it is not installed; run: cargo install --locked cargo-deny"
	fi
fi

if wants unit || wants e2e || wants vm || wants torture; then
	# Together with a target that needs the tests' dependencies: with another set of features
	# everything would be compiled again.
	check "build" cargo build "${profile[@]}" --bin tracee --examples || finish
fi
if wants e2e || wants vm || wants progs || wants torture; then
	check "test programs" test_programs || finish
fi
if wants e2e || wants vm; then
	check "build of the end-to-end tests" build_e2e || finish
fi
if wants vm; then
	check "object by the newest compiler" newest_object || true
fi
if wants unit; then
	tests "unit tests" cargo test "${profile[@]}" --lib --bins --no-fail-fast -- ${filter:+"$filter"}
	! has "instructions an event" valgrind ||
		check "instructions an event" tests/instructions.sh "$target/test-run/examples/lines" || true
fi
if wants fuzz; then
	tests "fuzz targets" fuzz_targets
fi
kernels=()
if wants vm; then
	for suite in $suites; do
		if check "kernel of $suite" vm/kernels.sh "$suite"; then kernels+=("$suite"); fi
	done
fi
if wants e2e && wants vm && [ -z "$quick" ]; then
	tests "end-to-end tests that measure" e2e_here alone
fi
if [ ${#kernels[@]} -gt 0 ]; then
	# In a process group of its own, to end it with.
	set -m
	start_vms "${kernels[@]}" &
	vms=$!
	set +m
fi
if wants e2e; then
	if [ -n "$quick" ]; then
		lane=quick
	elif wants vm; then
		lane=beside
	else
		lane=
	fi
	tests "end-to-end tests" e2e_here $lane
fi
if wants torture; then
	if [ "$(id -u)" = 0 ]; then
		check "build of the fire drill" build_torture && tests "fire drill" torture_here
	else
		skip "fire drill" "it takes root, for cgroups, mounts and other users' sockets"
	fi
fi
if wants ship; then
	if [ "$(id -u)" = 0 ]; then
		check "what is shipped (packages and images: make ship-test)" env ONLY=static,unit tests/ship.sh || true
	else
		skip "what is shipped" "it takes root to try it in roots of its own"
	fi
fi
if [ -n "$vms" ]; then
	wait "$vms" || true
	vms=''
	for suite in "${kernels[@]}"; do
		tests "end-to-end tests on $suite, $(cat "$target/vm/$suite/release")" vm_result "$suite"
	done
fi
finish
