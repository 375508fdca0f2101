#!/bin/sh
# In a VM: a container engine, the images in /images.tar, and the slim one's tracee by all the ways that the README tells.
set -eu

# There is no file system below the initial one.
export DOCKER_RAMDISK=1
dockerd --iptables=false --ip6tables=false --bridge=none --userland-proxy=false >/tmp/dockerd.log 2>&1 &
trap 'tail -n 20 /tmp/dockerd.log' EXIT
# By the clock: in an emulator each try takes seconds itself.
deadline=$(($(date +%s) + 120))
until docker version >/dev/null 2>&1; do
	[ "$(date +%s)" -lt $deadline ] || exit 1
	sleep 0.1
done
docker load </images.tar
echo "== privileged"
/traces.sh tracee:slim --privileged
echo "== by two capabilities"
/traces.sh tracee:slim --cap-add BPF --cap-add PERFMON -v /sys/kernel/tracing:/sys/kernel/tracing:ro
trap - EXIT
