// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* All maps and constants; maps.h describes them. */
#include "maps.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Must equal the binary's own: a hash of the files that both sides share. */
const char abi_stamp[] SEC(".rodata.abi") = ABI_STAMP;

const volatile struct settings settings = {};
const volatile struct filters filters = {};

const volatile struct container_settings container_settings = {};
const volatile __u32 capturing = 0;
const volatile __u64 epoch_of_boot = 0;

struct control control SEC(".data.control") = {};

__u64 lost_in_all SEC(".data.lost") = 0;
struct table_misses table_misses SEC(".data.tables") = {};
struct mark_control mark_control SEC(".data.marks") = {};
struct capture_misses capture_misses SEC(".data.captures") = {};

struct rings_map rings SEC(".maps");
struct priority_map priority SEC(".maps");
struct wakes_map wakes SEC(".maps");
struct lost_map lost SEC(".maps");
struct losses_map losses SEC(".maps");
struct syscalls_map syscalls SEC(".maps");
struct selected_map selected SEC(".maps");
struct scratch_map scratch SEC(".maps");
struct returned_map returned SEC(".maps");
struct exec_calls_map exec_calls SEC(".maps");
struct task_marks_map task_marks SEC(".maps");
struct marks_map marks SEC(".maps");
struct closings_map closings SEC(".maps");
struct givens_map givens SEC(".maps");
struct large_givens_map large_givens SEC(".maps");
struct task_befores_map task_befores SEC(".maps");
struct befores_map befores SEC(".maps");
struct target_names_map target_names SEC(".maps");
struct sender_names_map sender_names SEC(".maps");
struct arg_copies_map arg_copies SEC(".maps");
struct ring captures SEC(".maps");
struct captured_files_map captured_files SEC(".maps");
struct memory_budgets_map memory_budgets SEC(".maps");
struct followed_map followed SEC(".maps");
struct named_pids_map named_pids SEC(".maps");
struct filter_numbers_map filter_numbers SEC(".maps");
struct filter_names_map filter_names SEC(".maps");
struct filter_texts_map filter_texts SEC(".maps");
struct event_filters_map event_filters SEC(".maps");
struct containers_map containers SEC(".maps");
struct container_ids_map container_ids SEC(".maps");
struct decided_map decided SEC(".maps");
struct members_map members SEC(".maps");
struct listed_ids_map listed_ids SEC(".maps");

/* All enums whose values Rust uses: build.rs makes constants of them. */
union shared_enums {
	enum record_size record_size;
	enum abi abi;
	enum record_flag record_flag;
	enum table_size table_size;
	enum wake_age wake_age;
	enum no_syscall no_syscall;
	enum item_index item_index;
	enum item_part item_part;
	enum item_status item_status;
	enum path_flag path_flag;
	enum item_flag item_flag;
	enum cut_flag cut_flag;
	enum noaudit noaudit;
	enum count_kind count_kind;
	enum buffers_flag buffers_flag;
	enum syscall_flag syscall_flag;
	enum keeps keeps;
	enum enter_flag enter_flag;
	enum after_body after_body;
	enum body_call body_call;
	enum event_choice event_choice;
	enum scope_mode scope_mode;
	enum exit_state exit_state;
	enum cgroup_key cgroup_key;
	enum container_size container_size;
	enum listed listed;
	enum owner owner;
	enum buffer buffer;
	enum capture_flag capture_flag;
	enum taken_value taken_value;
	enum taken_item taken_item;
	enum mapped_value mapped_value;
	enum take take;
	enum file_flag file_flag;
	enum chunk_flag chunk_flag;
	enum chunk_size chunk_size;
	enum field_number field_number;
	enum field_name field_name;
	enum number_type number_type;
	enum number_values number_values;
	enum text_place text_place;
	enum pattern_set pattern_set;
	enum filter_size filter_size;
};
union shared_enums shared_enums SEC(".data.types") = {};

/* Types that no map uses are missing from BTF, and from the skeleton with it. */
struct record_header record_header_type SEC(".data.types") = {};
struct item_header item_header_type SEC(".data.types") = {};
struct fd_info fd_info_type SEC(".data.types") = {};
struct fd_socket fd_socket_type SEC(".data.types") = {};
struct chunk chunk_type SEC(".data.types") = {};
struct str_cut str_cut_type SEC(".data.types") = {};
struct captured_key captured_key_type SEC(".data.types") = {};
