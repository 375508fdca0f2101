#!/bin/sh
# What an image's tracee tells of a program in another container: tests/ship/traces.sh IMAGE FLAG…
#
# FLAG: of docker run. Needs an engine ($DOCKER_HOST) that has the image, and one called busybox.
set -eu

image=$1
shift
name=tracee-$$
line='pathname: /bin/busybox, argv: \[/bin/busybox, uname, -a\]'

# within TENTHS COMMAND…: waits until it succeeds.
within() {
	tenths=$1
	shift
	while ! "$@"; do
		[ $tenths -gt 0 ] || return 1
		tenths=$((tenths - 1))
		sleep 0.1
	done
}
says() { docker logs "$name" 2>&1 | grep -q "$1"; }

docker run --detach --name "$name" --network=none --pid=host "$@" -v /tmp/tracee:/tmp/tracee "$image" -e execve --debug
trap 'docker logs "$name"; docker rm --force "$name"' EXIT
within 600 says 'tracing has begun'
docker run --rm --network=none busybox /bin/busybox uname -a
within 300 says "$line"
docker stop "$name"
