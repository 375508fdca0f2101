use super::*;
use crate::wire::AFTER_BODIES;

#[test]
fn every_event_has_its_programs() {
    for event in catalogue::events() {
        for stem in stems(event, &Features::default()) {
            let found = object::programs().iter().any(|program| program.stem() == stem);
            assert!(found, "{}: no program {stem}__… in the object", event.name);
        }
    }
}

#[test]
fn every_program_is_an_events_or_known() {
    for program in object::programs() {
        let stem = program.stem();
        let copies = COPIES.iter().any(|(copies, ..)| *copies == stem);
        let known = copies
            || catalogue::KERNEL
                .iter()
                .any(|event| event.columns.also.contains(&stem))
            || PROT_ALERT.contains(&stem)
            || stem == ALERT_ATTACH
            || [FREE, PREPARE_EXEC, CLONE_NS, SIGNALS, CAPTURE_WRITE, CAPTURE_MMAP].contains(&stem);
        assert!(
            known || catalogue::by_name(stem).is_some(),
            "{}: there is no event {stem}",
            program.name
        );
    }
}

#[test]
fn every_body_is_listed() {
    let in_programs: BTreeSet<_> = object::programs()
        .iter()
        .filter(|program| program.mechanism.is_after())
        .map(Program::body)
        .collect();
    let listed: BTreeSet<_> = AFTER_BODIES.iter().copied().collect();
    assert_eq!(in_programs, listed);
    assert!(AFTER_BODIES.is_sorted(), "programs run in this order, too");
    assert!(AFTER_BODIES.len() <= 32, "settings.bodies has 32 bits");
    for mechanism in [Mechanism::TpBtf, Mechanism::Tp] {
        let sys_exit = object::programs()
            .iter()
            .find(|program| program.stem() == SYS_EXIT && program.mechanism == mechanism);
        assert!(looking(sys_exit.unwrap()).is_some(), "{mechanism:?}");
    }
}

#[test]
fn a_run_calls_only_its_bodies() {
    let mut object = object::open().unwrap();
    let mut found = 0;
    for mut program in object.progs_mut() {
        if !program
            .name()
            .to_string_lossy()
            .starts_with("sys_exit__looking__")
        {
            continue;
        }
        let calls = |program: &libbpf_rs::OpenProgramMut<'_>| {
            let insns = program.insns();
            insns
                .iter()
                .filter(|insn| insn.code == 0x85 && insn.src_reg() == 1)
                .count()
        };
        let all = calls(&program);
        object::leave_out_bodies(&mut program, 0b101).unwrap();
        assert_eq!(all - calls(&program), AFTER_BODIES.len() - 2);
        found += 1;
    }
    assert_eq!(found, 2);
}

#[test]
fn parts_have_all_programs_of_an_event() {
    for event in catalogue::events() {
        let parts = parts(event);
        assert!(parts.iter().all(|part| !part.programs.is_empty()), "{parts:?}");
        let known: BTreeSet<_> = parts.iter().flat_map(|part| &part.programs).collect();
        // Mismatches are looked for when the call returns.
        let stems = stems(event, &Features::default());
        for stem in stems
            .into_iter()
            .filter(|stem| event.name != MISMATCH || *stem != SYS_EXIT)
        {
            let programs = ranked(stem, false);
            assert!(
                programs.iter().all(|program| known.contains(program)),
                "{}: {stem}",
                event.name
            );
        }
    }
}
