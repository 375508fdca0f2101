#!/bin/sh
# Makes a package of what `make` has built: script/package.sh deb|rpm
set -eu

cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
PATH=$PATH:$(realpath "$target")/tools/bin
case $1 in
deb) cargo deb --no-build --strip --output dist/ ;;
rpm)
	mkdir -p dist/stripped
	strip -o dist/stripped/tracee "$target/release/tracee"
	cargo generate-rpm --target-dir "$target" --output dist/
	;;
*)
	echo "usage: script/package.sh deb|rpm" >&2
	exit 1
	;;
esac
