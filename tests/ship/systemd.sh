#!/bin/sh
# In a VM, as its first process: systemd in the root /root.tar, whose only service runs /unit.sh in it and tells how that
# ended as vm/init does.
set -eu
export PATH=/bin:/sbin

mount -t proc proc /proc
mount -t devtmpfs devtmpfs /dev
mkdir /new
mount -t tmpfs -o mode=755 tmpfs /new
tar -C /new -xf /root.tar
cp /unit.sh /new/
# Written by vm/run.sh; sets $nonce.
# shellcheck disable=SC1091
. /vm.conf
cat >/new/run-unit.sh <<RUN
stty -F /dev/ttyS1 raw -echo
(set -e; . /unit.sh) </dev/null >/dev/ttyS1 2>&1
status=\$?
printf '\n%s %d\n' "${nonce:?}" \$status >/dev/ttyS1
stty -F /dev/ttyS1 sane
systemctl poweroff --force --force
RUN
cat >/new/etc/systemd/system/ship.service <<SERVICE
[Service]
Type=oneshot
ExecStart=/bin/sh /run-unit.sh
SERVICE
umount /proc
exec switch_root /new /lib/systemd/systemd --unit=ship.service
