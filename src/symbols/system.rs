//! The system as a whole: linux/reboot.h, linux/kexec.h, linux/module.h, linux/random.h, linux/perf_event.h.

use super::table::Names;
use super::table::Table::{self, Enum, Flags, Hex, Mixed};

/// `reboot(2)`: commands.
#[rustfmt::skip]
pub const REBOOT: &Table = &Enum(&[
    (0, "LINUX_REBOOT_CMD_CAD_OFF"), (0x123_4567, "LINUX_REBOOT_CMD_RESTART"),
    (0x4321_fedc, "LINUX_REBOOT_CMD_POWER_OFF"), (0x4558_4543, "LINUX_REBOOT_CMD_KEXEC"),
    (0x89ab_cdef, "LINUX_REBOOT_CMD_CAD_ON"), (0xa1b2_c3d4, "LINUX_REBOOT_CMD_RESTART2"),
    (0xcdef_0123, "LINUX_REBOOT_CMD_HALT"), (0xd000_fce2, "LINUX_REBOOT_CMD_SW_SUSPEND"),
]);

/// `reboot(2)`: the values of its first two arguments.
#[rustfmt::skip]
pub const REBOOT_MAGIC: &Table = &Hex(&[
    (0x512_1996, "LINUX_REBOOT_MAGIC2A"), (0x1604_1998, "LINUX_REBOOT_MAGIC2B"),
    (0x2011_2000, "LINUX_REBOOT_MAGIC2C"), (0x2812_1969, "LINUX_REBOOT_MAGIC2"), (0xfee1_dead, "LINUX_REBOOT_MAGIC1"),
]);

/// `kexec_load(2)`; the high half is the architecture.
#[rustfmt::skip]
pub const KEXEC: &Table = &Mixed(&[(0xffff_0000, KEXEC_ARCH)], &[
    (1, "KEXEC_ON_CRASH"), (2, "KEXEC_PRESERVE_CONTEXT"), (4, "KEXEC_UPDATE_ELFCOREHDR"),
    (8, "KEXEC_CRASH_HOTPLUG_SUPPORT"),
]);

/// `kexec_load(2)`: what the high half means.
#[rustfmt::skip]
const KEXEC_ARCH: Names = &[
    (0, "KEXEC_ARCH_DEFAULT"), (0x3_0000, "KEXEC_ARCH_386"), (0x4_0000, "KEXEC_ARCH_68K"),
    (0x8_0000, "KEXEC_ARCH_MIPS"), (0xa_0000, "KEXEC_ARCH_MIPS_LE"), (0xf_0000, "KEXEC_ARCH_PARISC"),
    (0x14_0000, "KEXEC_ARCH_PPC"), (0x15_0000, "KEXEC_ARCH_PPC64"), (0x16_0000, "KEXEC_ARCH_S390"),
    (0x28_0000, "KEXEC_ARCH_ARM"), (0x2a_0000, "KEXEC_ARCH_SH"), (0x32_0000, "KEXEC_ARCH_IA_64"),
    (0x3e_0000, "KEXEC_ARCH_X86_64"), (0xb7_0000, "KEXEC_ARCH_AARCH64"), (0xf3_0000, "KEXEC_ARCH_RISCV"),
    (0x102_0000, "KEXEC_ARCH_LOONGARCH"),
];

/// `kexec_file_load(2)`
#[rustfmt::skip]
pub const KEXEC_FILE: &Table = &Flags(&[
    (1, "KEXEC_FILE_UNLOAD"), (2, "KEXEC_FILE_ON_CRASH"), (4, "KEXEC_FILE_NO_INITRAMFS"), (8, "KEXEC_FILE_DEBUG"),
    (0x10, "KEXEC_FILE_NO_CMA"), (0x20, "KEXEC_FILE_FORCE_DTB"),
]);

/// `finit_module(2)`
#[rustfmt::skip]
pub const INIT_MODULE: &Table = &Flags(&[
    (1, "MODULE_INIT_IGNORE_MODVERSIONS"), (2, "MODULE_INIT_IGNORE_VERMAGIC"), (4, "MODULE_INIT_COMPRESSED_FILE"),
]);

/// `delete_module(2)`
#[rustfmt::skip]
pub const DELETE_MODULE: &Table = &Flags(&[
    (0x800, "O_NONBLOCK"), (0x200, "O_TRUNC"),
]);

/// `getrandom(2)`
#[rustfmt::skip]
pub const GETRANDOM: &Table = &Flags(&[
    (1, "GRND_NONBLOCK"), (2, "GRND_RANDOM"), (4, "GRND_INSECURE"),
]);

/// `syslog(2)` (linux/syslog.h of the kernel).
#[rustfmt::skip]
pub const SYSLOG: &Table = &Enum(&[
    (0, "SYSLOG_ACTION_CLOSE"), (1, "SYSLOG_ACTION_OPEN"), (2, "SYSLOG_ACTION_READ"), (3, "SYSLOG_ACTION_READ_ALL"),
    (4, "SYSLOG_ACTION_READ_CLEAR"), (5, "SYSLOG_ACTION_CLEAR"), (6, "SYSLOG_ACTION_CONSOLE_OFF"),
    (7, "SYSLOG_ACTION_CONSOLE_ON"), (8, "SYSLOG_ACTION_CONSOLE_LEVEL"), (9, "SYSLOG_ACTION_SIZE_UNREAD"),
    (10, "SYSLOG_ACTION_SIZE_BUFFER"),
]);

/// `perf_event_open(2)`: flags.
#[rustfmt::skip]
pub const PERF_FLAGS: &Table = &Flags(&[
    (1, "PERF_FLAG_FD_NO_GROUP"), (2, "PERF_FLAG_FD_OUTPUT"), (4, "PERF_FLAG_PID_CGROUP"),
    (8, "PERF_FLAG_FD_CLOEXEC"),
]);

/// `perf_event_open(2)`: type.
#[rustfmt::skip]
pub const PERF_TYPE: &Table = &Enum(&[
    (0, "PERF_TYPE_HARDWARE"), (1, "PERF_TYPE_SOFTWARE"), (2, "PERF_TYPE_TRACEPOINT"), (3, "PERF_TYPE_HW_CACHE"),
    (4, "PERF_TYPE_RAW"), (5, "PERF_TYPE_BREAKPOINT"),
]);

/// `struct perf_event_attr`: its bit fields of one bit.
#[rustfmt::skip]
pub const PERF_ATTR: &Table = &Mixed(&[(0x1_8000, PERF_PRECISE)], &[
    (1, "disabled"), (2, "inherit"), (4, "pinned"), (8, "exclusive"), (0x10, "exclude_user"),
    (0x20, "exclude_kernel"), (0x40, "exclude_hv"), (0x80, "exclude_idle"), (0x100, "mmap"), (0x200, "comm"),
    (0x400, "freq"), (0x800, "inherit_stat"), (0x1000, "enable_on_exec"), (0x2000, "task"), (0x4000, "watermark"),
    (0x2_0000, "mmap_data"), (0x4_0000, "sample_id_all"), (0x8_0000, "exclude_host"), (0x10_0000, "exclude_guest"),
    (0x20_0000, "exclude_callchain_kernel"), (0x40_0000, "exclude_callchain_user"), (0x80_0000, "mmap2"),
    (0x100_0000, "comm_exec"), (0x200_0000, "use_clockid"), (0x400_0000, "context_switch"),
    (0x800_0000, "write_backward"), (0x1000_0000, "namespaces"), (0x2000_0000, "ksymbol"), (0x4000_0000, "bpf_event"),
    (0x8000_0000, "aux_output"), (0x1_0000_0000, "cgroup"), (0x2_0000_0000, "text_poke"), (0x4_0000_0000, "build_id"),
    (0x8_0000_0000, "inherit_thread"), (0x10_0000_0000, "remove_on_exec"), (0x20_0000_0000, "sigtrap"),
    (0x40_0000_0000, "defer_callchain"), (0x80_0000_0000, "defer_output"),
]);

/// `struct perf_event_attr`: `precise_ip`.
#[rustfmt::skip]
const PERF_PRECISE: Names = &[
    (0x8000, "precise_ip:1"), (0x1_0000, "precise_ip:2"), (0x1_8000, "precise_ip:3"),
];

/// `perf_event_open(2)`: `sample_type`.
#[rustfmt::skip]
pub const PERF_SAMPLE: &Table = &Flags(&[
    (1, "PERF_SAMPLE_IP"), (2, "PERF_SAMPLE_TID"), (4, "PERF_SAMPLE_TIME"), (8, "PERF_SAMPLE_ADDR"),
    (0x10, "PERF_SAMPLE_READ"), (0x20, "PERF_SAMPLE_CALLCHAIN"), (0x40, "PERF_SAMPLE_ID"), (0x80, "PERF_SAMPLE_CPU"),
    (0x100, "PERF_SAMPLE_PERIOD"), (0x200, "PERF_SAMPLE_STREAM_ID"), (0x400, "PERF_SAMPLE_RAW"),
    (0x800, "PERF_SAMPLE_BRANCH_STACK"), (0x1000, "PERF_SAMPLE_REGS_USER"), (0x2000, "PERF_SAMPLE_STACK_USER"),
    (0x4000, "PERF_SAMPLE_WEIGHT"), (0x8000, "PERF_SAMPLE_DATA_SRC"), (0x1_0000, "PERF_SAMPLE_IDENTIFIER"),
    (0x2_0000, "PERF_SAMPLE_TRANSACTION"), (0x4_0000, "PERF_SAMPLE_REGS_INTR"), (0x8_0000, "PERF_SAMPLE_PHYS_ADDR"),
    (0x10_0000, "PERF_SAMPLE_AUX"), (0x20_0000, "PERF_SAMPLE_CGROUP"), (0x40_0000, "PERF_SAMPLE_DATA_PAGE_SIZE"),
    (0x80_0000, "PERF_SAMPLE_CODE_PAGE_SIZE"), (0x100_0000, "PERF_SAMPLE_WEIGHT_STRUCT"),
]);

/// `perf_event_open(2)`: `read_format`.
#[rustfmt::skip]
pub const PERF_FORMAT: &Table = &Flags(&[
    (1, "PERF_FORMAT_TOTAL_TIME_ENABLED"), (2, "PERF_FORMAT_TOTAL_TIME_RUNNING"), (4, "PERF_FORMAT_ID"),
    (8, "PERF_FORMAT_GROUP"), (0x10, "PERF_FORMAT_LOST"),
]);
