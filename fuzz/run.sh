#!/usr/bin/env bash
# Builds the fuzz targets and runs all of them side by side: fuzz/run.sh [TARGET]…
# Or only checks that they compile: fuzz/run.sh --check
#
#   FUZZ_SECONDS=30   how long they run
#
# No nightly toolchain and no cargo-fuzz: what libFuzzer needs of the compiler are flags of LLVM's,
# which the stable one takes. AddressSanitizer would need more, and has little to check: the only
# unsafe code here reads numbers. Begins with fuzz/corpus/TARGET, adds what it finds to
# CARGO_TARGET_DIR/fuzz/corpus/TARGET, and leaves there, beside it, the input of a failure. Prints
# results as Rust's test harness does; the exit status is 0 if none failed.
set -euo pipefail

cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-30}
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")/fuzz
verb=build
if [ "${1:-}" = --check ]; then
	verb=check
	shift
fi
if [ $# -gt 0 ]; then
	names=("$@")
else
	mapfile -t names < <(cd fuzz/fuzz_targets && printf '%s\n' *.rs | sed 's/\.rs$//')
fi

if [ $verb = build ] && ! type -P "${CXX:-c++}" >/dev/null; then
	printf 'test fuzz_%s ... ignored, there is no C++ compiler for libFuzzer\n' "${names[@]}"
	echo "test result: ok. 0 passed; 0 failed; ${#names[@]} ignored;"
	exit 0
fi

flags=(-C passes=sancov-module -C debug-assertions -C overflow-checks)
# No pc-table, which libFuzzer only needs to name functions: LLVM takes minutes to free one of a
# function of thousands of blocks.
for flag in level=3 inline-8bit-counters trace-compares; do
	flags+=(-C "llvm-args=-sanitizer-coverage-$flag")
done
# --target makes cargo build the build scripts without these flags.
triple=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS="${flags[*]}" cargo $verb --release ${CI:+--locked} --manifest-path fuzz/Cargo.toml \
	--target "$triple" --target-dir "$target"
[ $verb = build ] || exit 0

pids=()
for name in "${names[@]}"; do
	mkdir -p "$target/corpus/$name" "fuzz/corpus/$name"
	"$target/$triple/release/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix="$target/corpus/$name." "$target/corpus/$name" "fuzz/corpus/$name" \
		>"$target/$name.log" 2>&1 &
	pids+=($!)
done
failed=()
for index in "${!names[@]}"; do
	name=${names[index]}
	if wait "${pids[index]}"; then
		echo "test fuzz_$name ... ok"
	else
		echo "test fuzz_$name ... FAILED"
		failed+=("$name")
	fi
	sed -n 's/^stat::number_of_executed_units: */    inputs: /p' "$target/$name.log"
done
if [ ${#failed[@]} -gt 0 ]; then
	printf '\nfailures:\n'
	for name in "${failed[@]}"; do
		printf '\n---- %s (%s)\n' "fuzz_$name" "$target/$name.log"
		tail -n 30 "$target/$name.log"
	done
	printf '\nfailures:\n'
	printf '    fuzz_%s\n' "${failed[@]}"
fi
printf '\ntest result: %s. %d passed; %d failed; 0 ignored;\n' "$([ ${#failed[@]} = 0 ] && echo ok || echo FAILED)" \
	$((${#names[@]} - ${#failed[@]})) ${#failed[@]}
[ ${#failed[@]} = 0 ]
