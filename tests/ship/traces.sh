#!/bin/sh
# What an image's tracee tells of a program in another container: tests/ship/traces.sh IMAGE FLAG…
#
# FLAG: of docker run. Needs an engine ($DOCKER_HOST) that has the image, and one called busybox.
set -eu

image=$1
shift
name=tracee-$$
line='pathname: "/bin/busybox", argv: \["/bin/busybox", "uname", "-a"\]'

# within SECONDS COMMAND…: waits until it succeeds.
within() {
	deadline=$(($(date +%s) + $1))
	shift
	while ! "$@"; do
		[ "$(date +%s)" -lt $deadline ] || return 1
		sleep 0.1
	done
}
# Another container, and whether it has been told: again until tracing has begun.
traced() { docker run --rm --network=none busybox /bin/busybox uname -a && docker logs "$name" 2>&1 | grep -q "$line"; }

docker run --detach --name "$name" --network=none --pid=host "$@" -v /tmp/tracee:/tmp/tracee "$image" -e execve
trap 'docker logs "$name"; docker rm --force "$name"' EXIT
within 90 traced
docker stop "$name"
