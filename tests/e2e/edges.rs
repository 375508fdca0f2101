//! Every system call with null, unmapped, kernel and extreme arguments, against the log of the program that makes them.

use std::collections::HashMap;

use libtest_mimic::Failed;
use serde_json::Value;

use crate::harness::{in_vm, prog, totals, trace};
use crate::Test;

pub fn tests() -> Vec<Test> {
    let lacks = |program: &str, mode: &str| {
        // The calls are made by the user nobody in namespaces of their own, or not at all.
        let status = std::process::Command::new(prog(program))
            .arg(mode)
            .arg("try")
            .output();
        match status.map(|output| output.status.code()) {
            Ok(Some(0)) => None,
            Ok(Some(77)) => Some("the calls cannot be locked in".to_owned()),
            status => Some(format!("the kernel does not run it: {status:?}")),
        }
    };
    vec![
        Test::new("edge_arguments_of_every_call", || edges("edges", "native", None))
            .unless(lacks("edges", "native")),
        Test::new("edge_arguments_of_every_call_by_int80", || {
            edges("edges", "int80", Some("i386"))
        })
        .unless(lacks("edges", "int80")),
        Test::new("edge_arguments_of_every_call_in_32_bits", || {
            edges("edges32", "int80", Some("i386"))
        })
        .unless(in_vm().then(|| "it takes an emulator too long".into()))
        .unless(lacks("edges32", "int80")),
        Test::new("edge_arguments_of_every_call_of_x32", || {
            edges("edges", "x32", Some("x32"))
        })
        .unless(in_vm().then(|| "it takes an emulator too long".into()))
        .unless(lacks("edges", "x32")),
    ]
}

/// A call in the program's log.
struct Made {
    nr: i64,
    pid: i64,
    args: Vec<u64>,
    /// `None` if it did not return.
    result: Option<i64>,
}

fn made(line: &str) -> Made {
    let words: Vec<&str> = line.split(' ').collect();
    Made {
        nr: words[0].parse().unwrap(),
        pid: words[1].parse().unwrap(),
        args: words[2..8]
            .iter()
            .map(|word| u64::from_str_radix(word, 16).unwrap())
            .collect(),
        result: words[8].parse().ok(),
    }
}

const ENOSYS: i64 = -38;

fn edges(program: &str, mode: &str, abi: Option<&str>) -> Result<(), Failed> {
    // All flags that make tracee read memory.
    let flags = [
        "-s",
        "syscalls",
        "--show-exec-env",
        "-b",
        "32MiB",
        "--decode-buffers",
        "4096",
        "--decode-fds",
    ];
    let program_path = prog(program);
    let mut command = vec![program_path.as_str(), mode];
    command.extend(in_vm().then_some("few"));
    let run = trace(&flags, &command);
    assert_eq!(run.code(), 0, "{}", run.stderr);
    assert_eq!(totals(&run.stderr).1, 0, "{}", run.stderr);
    let calls: Vec<Made> = run.stdout.lines().map(made).collect();
    let least = if in_vm() { 1200 } else { 3500 };
    assert!(calls.len() > least, "{}", calls.len());

    // Those in the program's own pid namespace, which is not ours, by thread there.
    let outer = &run.events[0]["pidNamespace"];
    let mut by_thread: HashMap<i64, Vec<&Value>> = HashMap::new();
    for event in run.events.iter().filter(|event| event["pidNamespace"] != *outer) {
        let tid = event["threadId"].as_i64().unwrap();
        by_thread.entry(tid).or_default().push(event);
    }
    let mut wrong = Vec::new();
    let (mut seen, mut args, mut unknown) = (0, 0, 0);
    for call in &calls {
        let events = by_thread.get(&call.pid).map_or(&[][..], Vec::as_slice);
        // It exits with 0 after its call, by the program's own ABI.
        let of_call: Vec<&&Value> = match events {
            [rest @ .., last] if last["eventName"] == "exit_group" && call.result.is_some() => {
                rest.iter().collect()
            }
            events => events.iter().collect(),
        };
        match of_call.as_slice() {
            [event] => {
                seen += 1;
                args += event["args"].as_array().unwrap().len();
                if let Err(why) = agrees(call, event, abi) {
                    wrong.push(format!(
                        "{} {:x?} = {:?}: {why}: {} = {}, {}",
                        call.nr,
                        call.args,
                        call.result,
                        event["eventName"],
                        event["returnValue"],
                        event["args"]
                    ));
                }
            }
            // A number without a call.
            [] if call.result == Some(ENOSYS) => unknown += 1,
            others => wrong.push(format!(
                "{} {:x?}: seen {} times: {others:?}",
                call.nr,
                call.args,
                others.len()
            )),
        }
    }
    println!(
        "{program} {mode}: {} calls, {seen} seen, {unknown} of no call, {args} arguments",
        calls.len()
    );
    assert!(
        wrong.is_empty(),
        "{} are wrong; the first of them:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    assert!(seen > least / 2 && args > least, "{seen} calls, {args} arguments");
    Ok(())
}

fn agrees(call: &Made, event: &Value, abi: Option<&str>) -> Result<(), String> {
    if event.get("abi").and_then(Value::as_str) != abi {
        return Err("the ABI".into());
    }
    if abi.is_none() && event["eventId"] != call.nr {
        return Err("the number".into());
    }
    // modify_ldt(2) returns an int, which the kernel does not extend.
    let modify_ldt = abi != Some("i386") && call.nr & 0xfff == MODIFY_LDT;
    let result = call.result.map(|result| match modify_ldt {
        true => i64::from(result as i32),
        false => result,
    });
    if result.is_some() && event["returnValue"].as_i64() != result {
        return Err("the result".into());
    }
    if abi == Some("i386") && HOLD_A_CALL.contains(&call.nr) {
        return held(call, event);
    }
    let mut shifted = false;
    for (index, arg) in event["args"].as_array().unwrap().iter().enumerate() {
        if abi == Some("i386") && call.nr == MMAP2 && index == 5 {
            let offset = u64::from(call.args[index] as u32) << 12;
            match arg["value"].as_u64() == Some(offset) {
                true => continue,
                false => return Err(format!("{offset:#x} was given: {arg}")),
            }
        }
        // 64 bits that came in two registers; the next arguments came in later ones.
        let wide = arg["type"].as_str().unwrap().contains("long long")
            || arg["value"].as_u64() > Some(u32::MAX.into());
        shifted |= abi == Some("i386") && wide;
        let raw = match arg["type"].as_str() {
            Some("uid_t" | "gid_t") if abi == Some("i386") && IDS_16.contains(&call.nr) => {
                id_of_16_bits(call.args[index])
            }
            _ => call.args[index],
        };
        argument(raw, &call.args, arg, abi, shifted).map_err(|why| format!("{}: {why}", arg["name"]))?;
    }
    Ok(())
}

const MODIFY_LDT: i64 = 154;

// asm/unistd_32.h
/// Their arguments are in memory, as those of another call: old_select, old_mmap, socketcall, ipc.
const HOLD_A_CALL: [i64; 4] = [82, 90, 102, 117];
/// Ids of 16 bits: lchown, setuid, setgid, setreuid, setregid, setgroups, fchown, setfsuid, setfsgid, setresuid, setresgid, chown.
const IDS_16: [i64; 12] = [16, 23, 46, 70, 71, 81, 95, 138, 139, 164, 170, 182];
/// Its offset counts pages.
const MMAP2: i64 = 192;

/// As low2highuid() of the kernel has it.
fn id_of_16_bits(raw: u64) -> u64 {
    match raw as u16 {
        u16::MAX => u32::MAX.into(),
        id => id.into(),
    }
}

/// Of a call within another: memory has zeros only, and what cannot be read says so. ipc(2) has most in registers.
fn held(call: &Made, event: &Value) -> Result<(), String> {
    for arg in event["args"].as_array().unwrap() {
        let right = match &arg["value"] {
            Value::Null => {
                arg["error"] == "EFAULT"
                    || arg["type"].as_str().unwrap().ends_with('*') && arg["error"].is_null()
            }
            Value::Number(value) => {
                let value = value.as_i64().map_or(u64::MAX, |value| value as u64) as u32;
                value == 0 || call.args.iter().any(|raw| *raw as u32 == value)
            }
            Value::Bool(_) => true,
            Value::Array(items) => items.is_empty() || items.iter().all(|item| *item == 0),
            Value::String(text) => text.is_empty(),
            Value::Object(_) => true,
        };
        if !right {
            return Err(format!("{}, of a call within another", arg["name"]));
        }
    }
    Ok(())
}

/// Zeros are all that can be read, and only where the program has memory.
fn argument(raw: u64, all: &[u64], arg: &Value, abi: Option<&str>, shifted: bool) -> Result<(), String> {
    let narrow = |value: u64| {
        if abi == Some("i386") {
            u64::from(value as u32)
        } else {
            value
        }
    };
    let raw = narrow(raw);
    let can_be: Vec<u64> = match shifted {
        false => vec![raw],
        true => {
            let halves = all.iter().flat_map(|low| {
                all.iter()
                    .map(move |high| ((high & 0xffff_ffff) << 32) | (low & 0xffff_ffff))
            });
            all.iter().map(|value| narrow(*value)).chain(halves).collect()
        }
    };
    let memory = |value: &u64| (0x1_0000..0xffff_0000).contains(value) && value % 4096 == 0;
    match &arg["value"] {
        Value::Null => match arg["error"].as_str() {
            // An empty string is there to be read.
            Some("EFAULT") if !shifted && memory(&raw) && arg["type"] == "const char *" => {
                Err(format!("the memory at {raw:#x} is there"))
            }
            Some("EFAULT") if can_be.iter().any(|value| *value != 0) => Ok(()),
            None if can_be.contains(&0) => Ok(()),
            _ => Err(format!("silently empty, {raw:#x} was given")),
        },
        Value::Bool(value) => match can_be.iter().any(|raw| (*raw as u32 != 0) == *value) {
            true => Ok(()),
            false => Err(format!("{raw:#x} was given")),
        },
        value @ Value::Number(_) => {
            let value = value
                .as_i64()
                .map(|value| value as u64)
                .or(value.as_u64())
                .unwrap();
            let mask = match arg["type"].as_str().unwrap() {
                "int" | "unsigned int" | "pid_t" | "uid_t" | "gid_t" | "dev_t" => 0xffff_ffff,
                "unsigned short" | "umode_t" => 0xffff,
                // Signed, and 32 bits wide in 32-bit calls.
                "long" if abi == Some("i386") => 0xffff_ffff,
                _ => u64::MAX,
            };
            // A number behind a pointer; the call may have written it.
            let read = arg["type"].as_str().unwrap().ends_with('*') && can_be.iter().any(memory);
            match read || can_be.iter().any(|raw| raw & mask == value & mask) {
                true => Ok(()),
                false => Err(format!("{raw:#x} was given")),
            }
        }
        // Nothing is what there is at any address, if nothing was asked for.
        Value::Array(items) if items.is_empty() && all.iter().any(|raw| *raw as u32 == 0) => Ok(()),
        Value::String(text) if text.is_empty() && all.iter().any(|raw| *raw as u32 == 0) => Ok(()),
        _ => match can_be.iter().any(memory) {
            true => Ok(()),
            false => Err(format!("there is nothing to read at {raw:#x}")),
        },
    }
}
