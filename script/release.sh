#!/bin/sh
# Packs what `make release` has built into dist/NAME.tar.gz and dist/NAME.tar.gz.sha256: script/release.sh NAME
#
# The same sources give the same bytes: times are the commit's (or SOURCE_DATE_EPOCH), owners root, names in order.
set -eu

cd "$(dirname "$0")/../dist"
name=$1
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}

rm -rf "$name" "$name.tar.gz" "$name.tar.gz.sha256"
umask 022
mkdir "$name" "$name/completions"
install -m 755 static/tracee "$name/tracee"
install -m 644 tracee.bpf.o pages/tracee.8 ../README.md ../CHANGELOG.md ../SECURITY.md ../LICENSE ../LICENSE-* "$name"
install -m 644 pages/tracee.bash pages/_tracee pages/tracee.fish "$name/completions"
(cd "$name" && find . -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs sha256sum >SHA256SUMS)
tar --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --format=gnu -c "$name" | gzip -9 -n >"$name.tar.gz"
rm -rf "$name"
sha256sum "$name.tar.gz" >"$name.tar.gz.sha256"
echo "dist/$name.tar.gz"
