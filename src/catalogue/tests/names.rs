//! The tables of names against the headers of the machine: a C program that prints what the compiler makes of each name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use super::tables::{parts, tables};

/// Every header that names come from. Those of the C library come first: the kernel's give way to them.
#[rustfmt::skip]
const HEADERS: &[&str] = &[
    "stddef.h", "stdint.h", "sys/types.h", "sys/socket.h", "sys/wait.h", "sys/eventfd.h", "sys/timerfd.h",
    "sys/timex.h", "sys/signalfd.h", "sys/resource.h", "sys/swap.h", "dirent.h", "unistd.h", "linux/fcntl.h",
    "linux/stat.h", "linux/types.h", "linux/ioctl.h", "asm/ioctls.h", "asm/mman.h", "asm/prctl.h", "asm/poll.h",
    "asm/mtrr.h", "asm/mce.h", "asm/msr.h", "asm/sgx.h", "asm/termbits.h", "linux/acct.h", "linux/aio_abi.h",
    "linux/auto_fs.h", "linux/auto_dev-ioctl.h", "linux/blkpg.h", "linux/blkzoned.h", "linux/bpf.h", "linux/btrfs.h",
    "linux/caif/caif_socket.h", "linux/can.h", "linux/can/raw.h", "linux/capability.h", "linux/cdrom.h",
    "linux/chio.h", "linux/close_range.h", "linux/dm-ioctl.h", "linux/dma-buf.h", "linux/dma-heap.h",
    "linux/dqblk_xfs.h", "linux/elf.h", "linux/errno.h", "linux/errqueue.h", "linux/eventpoll.h", "linux/fadvise.h",
    "linux/falloc.h", "linux/fanotify.h", "linux/fb.h", "linux/fd.h", "linux/fiemap.h", "linux/fs.h",
    "linux/fscrypt.h", "linux/fsmap.h", "linux/fsverity.h", "linux/fuse.h", "linux/futex.h", "linux/gpio.h",
    "linux/hdreg.h", "linux/hiddev.h", "linux/hidraw.h", "linux/hpet.h", "linux/i2c-dev.h", "linux/icmp.h",
    "linux/icmpv6.h", "linux/if.h", "linux/if_alg.h", "linux/if_arp.h", "linux/if_ether.h", "linux/if_packet.h",
    "linux/if_tun.h", "linux/if_xdp.h", "linux/in.h", "linux/in6.h", "linux/inotify.h", "linux/input.h",
    "linux/io_uring.h", "linux/iommufd.h", "linux/ioprio.h", "linux/ipc.h", "linux/joystick.h", "linux/kcm.h",
    "linux/kcmp.h", "linux/kcov.h", "linux/kd.h", "linux/kexec.h", "linux/keyctl.h", "linux/kvm.h",
    "linux/landlock.h", "linux/loop.h", "linux/lp.h", "linux/lsm.h", "linux/magic.h", "linux/media.h",
    "linux/membarrier.h", "linux/memfd.h", "linux/mempolicy.h", "linux/mman.h", "linux/mmc/ioctl.h", "linux/module.h",
    "linux/mount.h", "linux/msdos_fs.h", "linux/msg.h", "linux/mtio.h", "linux/nbd.h", "linux/net.h",
    "linux/net_tstamp.h", "linux/netlink.h", "linux/nfc.h", "linux/nilfs2_api.h", "linux/nsfs.h",
    "linux/nvme_ioctl.h", "linux/openat2.h", "linux/perf_event.h", "linux/personality.h", "linux/phonet.h",
    "linux/pidfd.h", "linux/ppp-ioctl.h", "linux/pps.h", "linux/pr.h", "linux/prctl.h", "linux/ptp_clock.h",
    "linux/ptrace.h", "linux/quota.h", "linux/random.h", "linux/reboot.h", "linux/rfkill.h", "linux/rseq.h",
    "linux/rtc.h", "linux/sched.h", "linux/seccomp.h", "linux/securebits.h", "linux/sem.h", "linux/serial.h",
    "linux/shm.h", "linux/smc.h", "linux/sockios.h", "linux/spi/spidev.h", "linux/suspend_ioctls.h",
    "linux/sync_file.h", "linux/tcp.h", "linux/tee.h", "linux/tipc.h", "linux/tls.h", "linux/tty.h",
    "linux/udmabuf.h", "linux/udp.h", "linux/uinput.h", "linux/usbdevice_fs.h", "linux/userfaultfd.h", "linux/vfio.h",
    "linux/vhost.h", "linux/videodev2.h", "linux/vm_sockets.h", "linux/vt.h", "linux/watch_queue.h",
    "linux/watchdog.h", "linux/xattr.h", "mtd/mtd-abi.h", "scsi/scsi_ioctl.h", "scsi/sg.h", "sound/asound.h",
];

/// Fewer than these were compared where the headers are older than any that is worth a test.
const ENOUGH: usize = 1500;

/// Every name of every table, with its value and the bits that count.
fn names() -> BTreeMap<&'static str, BTreeSet<(u64, u64)>> {
    let mut all = BTreeMap::<_, BTreeSet<_>>::new();
    for table in tables() {
        let (enums, flags) = parts(table);
        let flags = flags.into_iter().map(|names| (u64::MAX, names));
        for (mask, (value, name)) in enums
            .into_iter()
            .chain(flags)
            .flat_map(|(mask, names)| names.iter().map(move |name| (mask, *name)))
        {
            // Bit fields, and names of two flags, are not macros.
            if name.contains(char::is_uppercase) && !name.contains('|') {
                all.entry(name).or_default().insert((value, mask));
            }
        }
    }
    all
}

fn source(headers: &[&str]) -> String {
    let mut c = String::from("#define _GNU_SOURCE\n");
    for header in headers {
        let _ = writeln!(c, "#if __has_include(<{header}>)\n#include <{header}>\n#endif");
    }
    c.push_str("extern int printf(const char *, ...);\n");
    c
}

/// Whether the compiler takes a file, and what it says.
fn compile(dir: &Path, c: &str, options: &[&str]) -> (bool, String, String) {
    let file = dir.join("names.c");
    std::fs::write(&file, c).unwrap();
    let output = Command::new("gcc")
        .args(["-w", "-fmax-errors=0"])
        .args(options)
        .arg(&file)
        .current_dir(dir)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.success(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// Headers of which the compiler takes the whole: a few do not go together with those before them.
fn usable(dir: &Path) -> Vec<&'static str> {
    let mut headers = HEADERS.to_vec();
    if compile(dir, &source(&headers), &["-fsyntax-only"]).0 {
        return headers;
    }
    headers.clear();
    for header in HEADERS {
        headers.push(header);
        if !compile(dir, &source(&headers), &["-fsyntax-only"]).0 {
            println!("left out: {header}");
            headers.pop();
        }
    }
    headers
}

/// What the compiler makes of each name that the headers know.
fn compiled<'a>(dir: &Path, names: &[&'a str]) -> BTreeMap<&'a str, u64> {
    let start = source(&usable(dir));
    // Macros are asked for by #ifdef, constants of enums are words of what the preprocessor leaves.
    let (_, text, _) = compile(dir, &start, &["-E", "-P"]);
    let words: BTreeSet<_> = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let mut skipped = BTreeSet::<&str>::new();
    // What a macro is made of may be missing; the compiler says in which line.
    for _ in 0..5 {
        let mut c = start.clone() + "int main(void) {\n";
        let mut line = c.lines().count() + 2;
        let mut lines = BTreeMap::new();
        for &name in names.iter().filter(|name| !skipped.contains(*name)) {
            let print = format!("printf(\"{name} %llu\\n\", (unsigned long long)({name}));");
            if words.contains(name) {
                let _ = writeln!(c, "\n{print}\n");
            } else {
                let _ = writeln!(c, "#ifdef {name}\n{print}\n#endif");
            }
            lines.insert(line, name);
            line += 3;
        }
        c.push_str("return 0; }\n");
        let (ok, _, errors) = compile(dir, &c, &["-o", "names"]);
        if ok {
            let output = Command::new(dir.join("names")).output().unwrap();
            let output = String::from_utf8(output.stdout).unwrap();
            let value = |line: &str| {
                line.split_once(' ')
                    .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
            };
            let values: BTreeMap<String, u64> = output.lines().filter_map(value).collect();
            return names
                .iter()
                .filter_map(|&name| Some((name, *values.get(name)?)))
                .collect();
        }
        let line = |error: &str| {
            error
                .split_once("names.c:")?
                .1
                .split(':')
                .next()?
                .parse::<usize>()
                .ok()
        };
        let bad: Vec<_> = errors
            .lines()
            .filter(|l| l.contains("error:"))
            .filter_map(line)
            .collect();
        skipped.extend(bad.iter().filter_map(|line| lines.get(line).copied()));
        assert!(!bad.is_empty(), "{errors}");
    }
    panic!("names that the compiler does not take: {skipped:?}");
}

#[test]
fn the_headers_agree() {
    if !Command::new("gcc")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
    {
        println!("skipped: no gcc here");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let names = names();
    let keys: Vec<_> = names.keys().copied().collect();
    let known = compiled(dir.path(), &keys);
    if known.len() < ENOUGH / 10 {
        println!("skipped: no kernel headers here");
        return;
    }
    let mut differences = Vec::new();
    for (name, real) in &known {
        for (value, mask) in &names[name] {
            // Negative numbers are shown as the 32 bits of an int.
            let low = real & 0xffff_ffff;
            if real & mask != *value && (low != *value || low & 0x8000_0000 == 0) {
                differences.push(format!("{name}: {value:#x} here, {real:#x} there"));
            }
        }
    }
    println!("{} of {} names compared", known.len(), names.len());
    assert!(differences.is_empty(), "{differences:#?}");
    assert!(known.len() > ENOUGH, "only {} names compared", known.len());
}
