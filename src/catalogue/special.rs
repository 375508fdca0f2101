//! Events that the program itself names: each name is looked up when tracee is built.

use super::compat::{IA32, IA32_ONLY, IA32_WITHIN, X32};
use super::kernel::KERNEL;
use super::spec::{find, CompatCall, EventSpec};
use super::syscalls::SYSCALLS;

/// The event with that name. In a constant, a name that the catalogue lacks fails the build.
///
/// # Panics
/// If the event is missing: a mistake in the program.
pub const fn expect(name: &str) -> &'static EventSpec {
    let tables = [SYSCALLS, IA32_ONLY, KERNEL];
    let mut index = 0;
    while index < tables.len() {
        if let Some(event) = find(tables[index], name) {
            return event;
        }
        index += 1;
    }
    panic!("{}", name)
}

/// Fails the build if one of these names is no event's.
pub const fn all_known(names: &[&str]) {
    let mut index = 0;
    while index < names.len() {
        expect(names[index]);
        index += 1;
    }
}

/// Fails the build if a row of another ABI leads to no event.
pub const fn all_lead_to_calls(table: &[CompatCall]) {
    let mut index = 0;
    while index < table.len() {
        expect(table[index].event);
        index += 1;
    }
}

/// Fails the build if a row names a call that is missing.
pub const fn all_after_calls(table: &[EventSpec]) {
    let mut index = 0;
    while index < table.len() {
        all_known(table[index].columns.after);
        index += 1;
    }
}

const _: () = all_after_calls(KERNEL);
const _: () = all_lead_to_calls(IA32);
const _: () = all_lead_to_calls(IA32_WITHIN);
const _: () = all_lead_to_calls(X32);

/// The environment, which is read and shown on request only.
pub const ENVP: &str = "envp";

pub const EXECVE: &EventSpec = expect("execve");
pub const EXECVEAT: &EventSpec = expect("execveat");
pub const CLOSE: &EventSpec = expect("close");
pub const KEYCTL: &EventSpec = expect("keyctl");
pub const SYS_ENTER: &EventSpec = expect("sys_enter");
pub const SYS_EXIT: &EventSpec = expect("sys_exit");
pub const FORK: &EventSpec = expect("sched_process_fork");
pub const EXEC: &EventSpec = expect("sched_process_exec");
pub const EXIT: &EventSpec = expect("sched_process_exit");
pub const COMMIT_CREDS: &EventSpec = expect("commit_creds");
pub const SWITCH_TASK_NS: &EventSpec = expect("switch_task_ns");
pub const CAP_CAPABLE: &EventSpec = expect("cap_capable");
pub const SIGNAL_DELIVER: &EventSpec = expect("signal_deliver");
pub const IO_URING_SUBMIT: &EventSpec = expect("io_uring_submit");
pub const ARGUMENT_MISMATCH: &EventSpec = expect("argument_mismatch");
pub const MEM_PROT_ALERT: &EventSpec = expect("mem_prot_alert");
pub const CONTAINER_CREATE: &EventSpec = expect("container_create");
pub const CONTAINER_REMOVE: &EventSpec = expect("container_remove");
pub const EXISTING_CONTAINER: &EventSpec = expect("existing_container");
pub const LOST_EVENTS: &EventSpec = expect("lost_events");
pub const CLOCK_CHANGED: &EventSpec = expect("clock_changed");
pub const ARTIFACT_CAPTURED: &EventSpec = expect("artifact_captured");
