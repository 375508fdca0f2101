#!/bin/sh
# Under systemd, with the package installed: the service starts, has its capabilities only, traces, stops, starts again.
set -eux

# within SECONDS COMMAND…: waits until it succeeds.
within() {
	deadline=$(($(date +%s) + $1))
	shift
	while ! "$@"; do
		[ "$(date +%s)" -lt "$deadline" ] || return 1
		sleep 0.1
	done
}
told() { journalctl --unit tracee --output cat --no-pager | grep -F "$1"; }
trap 'systemctl status --no-pager tracee; journalctl --unit tracee --no-pager | tail -n 20 | cut -c-200' EXIT

systemd-analyze verify --man=no tracee.service
# Returns when tracing has begun, so that the very next program is seen.
systemctl start tracee
/bin/uname --kernel-release
within 60 told '"processName":"uname"'

pid=$(systemctl show --property MainPID --value tracee)
cat "/proc/$pid/status"
[ "$(awk '$1 == "Uid:" { print $2 }' "/proc/$pid/status")" != 0 ]
grep -x 'NoNewPrivs:	1' "/proc/$pid/status"
grep -x 'Seccomp:	2' "/proc/$pid/status"
# CAP_DAC_READ_SEARCH (2), CAP_SYS_PTRACE (19), CAP_PERFMON (38), CAP_BPF (39): no others may ever be had. CAP_PERFMON is
# given up after attaching.
grep -x 'CapBnd:	000000c000080004' "/proc/$pid/status"
grep -x 'CapEff:	0000008000080004' "/proc/$pid/status"

systemctl stop tracee
[ "$(systemctl show --property Result --value tracee)" = success ]
within 60 told ' 0 lost'

# Files, where /etc/tracee/tracee.conf says that they belong.
echo 'TRACEE_ARGS=--event execve --output json:/var/log/tracee/events.json' >/etc/tracee/tracee.conf
systemctl start tracee
/bin/uname --machine
systemctl stop tracee
grep -F '"/bin/uname"' /var/log/tracee/events.json
trap - EXIT
