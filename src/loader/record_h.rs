//! Constants of the headers that C and Rust share, for the tests that compare both sides.

const HEADERS: [&str; 5] = [
    include_str!("../bpf/lib/container.h"),
    include_str!("../bpf/record.h"),
    include_str!("../bpf/filter.h"),
    include_str!("../bpf/maps.h"),
    include_str!("../bpf/lib/buffer.h"),
];

/// The value of a `#define`: a number, a hex number, or `(1 << n)`.
pub fn constant(name: &str) -> u64 {
    let start = format!("#define {name} ");
    let text = HEADERS
        .iter()
        .flat_map(|header| header.lines())
        .find_map(|line| line.strip_prefix(&start))
        .unwrap_or_else(|| panic!("no header defines {name}"))
        .split("/*")
        .next()
        .unwrap_or_default()
        .trim()
        .trim_end_matches("ULL");
    let parsed = match (text.strip_prefix("(1 << "), text.strip_prefix("0x")) {
        (Some(shift), _) => shift.trim_end_matches(')').parse().map(|shift: u32| 1 << shift),
        (_, Some(hex)) => u64::from_str_radix(hex, 16),
        _ => text.parse(),
    };
    parsed.unwrap_or_else(|_| panic!("{name} is defined as {text:?}"))
}

#[test]
fn the_loaders_constants_equal_those_of_the_kernel_side() {
    use super::syscalls as table;
    for (name, ours) in [
        ("SYSCALL_CHOSEN", u64::from(table::SYSCALL_CHOSEN)),
        ("SYSCALL_SKIP_ZERO", u64::from(table::SYSCALL_SKIP_ZERO)),
        ("SYSCALL_ON_ENTER", u64::from(table::SYSCALL_ON_ENTER)),
        ("SYSCALL_ON_EXIT", u64::from(table::SYSCALL_ON_EXIT)),
        ("SYSCALL_EXECVE", u64::from(table::SYSCALL_EXECVE)),
        ("SYSCALL_EXECVEAT", u64::from(table::SYSCALL_EXECVEAT)),
        ("SYSCALL_CLOSES", u64::from(table::SYSCALL_CLOSES)),
        ("SYSCALL_VERIFIED", u64::from(table::SYSCALL_VERIFIED)),
        ("ENTER_WANTED", u64::from(super::marks::ENTER_WANTED)),
        ("ENTER_MARK", u64::from(super::marks::ENTER_MARK)),
        ("ENTER_ARGS", u64::from(super::marks::ENTER_ARGS)),
        ("COUNT_CONST", u64::from(table::COUNT_CONST)),
        ("COUNT_ARG", u64::from(table::COUNT_ARG)),
        ("COUNT_ARG32", u64::from(table::COUNT_ARG32)),
        ("COUNT_AT", u64::from(table::COUNT_AT)),
        ("COUNT_RET", u64::from(table::COUNT_RET)),
        ("COUNT_RET_UP_TO", u64::from(table::COUNT_RET_UP_TO)),
        ("COUNT_RET_UP_TO32", u64::from(table::COUNT_RET_UP_TO32)),
        ("COUNT_RET_FITS", u64::from(table::COUNT_RET_FITS)),
        ("COUNT_BELOW", u64::from(table::COUNT_BELOW)),
        ("COUNT_CAP_VERSION", u64::from(table::COUNT_CAP_VERSION)),
        ("KEEPS_SOME", u64::from(table::KEEPS_SOME)),
        ("KEEPS_ALL", u64::from(table::KEEPS_ALL)),
        ("SCOPE_ALL", u64::from(super::plan::SCOPE_ALL)),
        ("SCOPE_NEW", u64::from(super::plan::SCOPE_NEW)),
        ("SCOPE_FOLLOW", u64::from(super::plan::SCOPE_FOLLOW)),
        ("SCOPE_CONTAINER_NEW", u64::from(super::plan::SCOPE_CONTAINER_NEW)),
        ("SCOPE_CONTAINER_ALL", u64::from(super::plan::SCOPE_CONTAINER_ALL)),
        (
            "SCOPE_CONTAINER_LISTED",
            u64::from(super::plan::SCOPE_CONTAINER_LISTED),
        ),
        ("SCOPE_HOST_NEW", u64::from(super::plan::SCOPE_HOST_NEW)),
        ("SCOPE_HOST_ALL", u64::from(super::plan::SCOPE_HOST_ALL)),
        ("CONTAINER_ID_LEN", super::containers::ID_LEN as u64),
        ("HIERARCHY_SHIFT", u64::from(super::containers::HIERARCHY_SHIFT)),
        ("LISTED_NO", super::containers::LISTED_NO),
        ("LISTED_YES", super::containers::LISTED_YES),
        ("BUFFER_COUNT", super::loss::BUFFERS.len() as u64),
        ("SCRATCH_SLOTS", u64::from(super::sizes::SCRATCH_SLOTS)),
        ("EVENT_SHOWN", u64::from(super::plan::EVENT_SHOWN)),
        ("EVENT_BOOKKEEPING", u64::from(super::plan::EVENT_BOOKKEEPING)),
        ("BYTES_MAX", u64::from(crate::catalogue::spec::ARRAY_MAX)),
        ("WAKE_AGE_NS", crate::ring::WAKE_AGE.as_nanos() as u64),
    ] {
        assert_eq!(constant(name), ours, "{name}");
    }
}
