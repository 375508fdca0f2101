// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Where every map and every constant lives; maps.h says what each is for. */
#include "maps.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Must equal the binary's own: a hash of the files that both sides share. */
const char abi_stamp[] SEC(".rodata.abi") = ABI_STAMP;

const volatile struct settings settings = {};

struct control control SEC(".data.control") = {};

__u64 lost_in_all SEC(".data.lost") = 0;

struct rings_map rings SEC(".maps");
struct priority_map priority SEC(".maps");
struct wakes_map wakes SEC(".maps");
struct lost_map lost SEC(".maps");
struct losses_map losses SEC(".maps");
struct syscalls_map syscalls SEC(".maps");
struct selected_map selected SEC(".maps");
struct scratch_map scratch SEC(".maps");
struct exec_calls_map exec_calls SEC(".maps");
struct closings_map closings SEC(".maps");
struct befores_map befores SEC(".maps");
struct arg_copies_map arg_copies SEC(".maps");
struct followed_map followed SEC(".maps");
struct named_pids_map named_pids SEC(".maps");

/* Types that no map uses are missing from BTF, and from the skeleton with it. */
struct record_header record_header_type SEC(".data.types") = {};
struct item_header item_header_type SEC(".data.types") = {};
struct fd_info fd_info_type SEC(".data.types") = {};
struct fd_socket fd_socket_type SEC(".data.types") = {};
