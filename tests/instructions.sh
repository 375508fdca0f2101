#!/usr/bin/env bash
# Counts the instructions that an event takes from its record to its line, by valgrind, and compares them with
# tests/instructions.tsv. More than 5% more is an error: mend it, or write the new count down with the reason.
#
#   tests/instructions.sh LINES     LINES is examples/lines.rs, built
set -euo pipefail

cd "$(dirname "$0")/.."
lines=${1:?usage: tests/instructions.sh LINES}
compiler=$(rustc --version)
few=100 many=600 wrong=0

# counted FORMAT ROUNDS: instructions of a run.
counted() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$lines" "$1" "$2" 2>&1 >/dev/null |
		sed -nE 's/.* Collected : ([0-9]+)$/\1/p'
}

for format in table table-verbose json json,compact; do
	events=$("$lines" $format 0 | sed -n 's/ events$//p')
	count=$((($(counted $format $many) - $(counted $format $few)) / (many - few) / events))
	expected=$(awk -F'\t' -v compiler="$compiler" -v format=$format \
		'$1 == compiler && $2 == format { print $3 }' tests/instructions.tsv)
	echo "$format: $count instructions an event (expected: ${expected:-unknown for $compiler})"
	[ -z "$expected" ] || [ "$count" -le $((expected * 105 / 100)) ] || wrong=1
done
if [ $wrong != 0 ]; then
	echo "an event takes more instructions than tests/instructions.tsv says" >&2
	exit 1
fi
