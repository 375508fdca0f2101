use super::*;
use crate::catalogue;
use crate::decode;
use crate::decode::process::{Ancestor, Argv, Entity, Executable, Maker};
use crate::output::random::Random;
use crate::output::tests::record;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// An event of this row whose arguments are any numbers, and whose memory is any bytes.
fn arbitrary(random: &mut Random, name: &str, nargs: usize) -> Vec<u8> {
    let values: Vec<_> = (0..nargs).map(|_| random.number() >> random.below(64)).collect();
    let items: Vec<_> = (0..=nargs)
        .filter_map(|index| {
            let bytes = match random.below(4) {
                0 => return None,
                1 => random.text(),
                2 => (0..random.below(200)).map(|_| random.number() as u8).collect(),
                _ => random.number().to_ne_bytes()[..].repeat(random.below(30)),
            };
            Some((if index == nargs { 0xff } else { index as u8 }, bytes))
        })
        .collect();
    let items: Vec<_> = items.iter().map(|(index, bytes)| (*index, &bytes[..])).collect();
    record(name, &values, &items)
}

/// An argument for serde_json.
struct Whole<'a>(&'a Arg<'a>, &'a Context);

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        entries_of_spec(&mut map, self.0, false)?;
        map.serialize_entry("value", &JsonValue::of(self.0, self.1))?;
        entries_of_arg(&mut map, self.0, self.1, false, &mut String::new())?;
        map.end()
    }
}

/// A line without what can be derived.
fn derive(mut line: Value) -> Value {
    fn without_nulls(value: &mut Value) {
        match value {
            Value::Object(object) => {
                object.retain(|_, value| !value.is_null());
                object.values_mut().for_each(without_nulls);
            }
            Value::Array(array) => array.iter_mut().for_each(without_nulls),
            _ => {}
        }
    }
    without_nulls(&mut line);
    let object = line.as_object_mut().unwrap();
    object.retain(|key, _| !["eventId", "argsNum", "processEntityId", "parentEntityId"].contains(&&**key));
    for ancestor in object
        .get_mut("ancestors")
        .into_iter()
        .flat_map(|all| all.as_array_mut().unwrap())
    {
        ancestor.as_object_mut().unwrap().remove("processEntityId");
    }
    for arg in object["args"].as_array_mut().unwrap() {
        let arg = arg.as_object_mut().unwrap();
        arg.remove("type");
        if arg
            .get("value")
            .is_some_and(|value| value.is_number() || value.is_boolean())
        {
            arg.remove("text");
        }
    }
    line
}

/// Each line is what serde_json makes of the same, also when its thread is known.
#[test]
fn lines_are_what_serde_json_writes() {
    let mut random = Random(1);
    let (mut lines, mut compact) = (Lines::default(), Lines::compact());
    let clock = Timeline::new(7);
    let some = Rc::new(Process {
        pid: 3,
        start: 4,
        entity: Entity(5),
        maker: Some(Maker {
            pid: 1,
            entity: Entity(u64::MAX),
        }),
        executable: Some(Rc::new(Executable {
            path: b"/x\xff".to_vec(),
            ..Executable::default()
        })),
        argv: Some(Rc::new(Argv::new([&b"a\xff"[..], b"b"].into_iter(), true))),
        comm: [0xfe; 16],
        uid: Some(6),
    });
    let ancestor = |process: &Process, reparented| Ancestor {
        process: Rc::new(process.clone()),
        reparented,
    };
    let ancestors: [Rc<Ancestors>; 2] = [
        Rc::new([ancestor(&some, true), ancestor(&Process::default(), false)]),
        Rc::new([]),
    ];
    let container = Rc::new(Container {
        name: Some("\u{9b}".into()),
        ..Container::default()
    });
    let (mut out, mut known) = (Vec::new(), 0);
    let specs: Vec<_> = catalogue::events().collect();
    for spec in specs.iter().cycle().take(20_000) {
        let record = arbitrary(&mut random, spec.name, spec.args.len());
        let Ok(mut event) = decode::decode(&record) else {
            continue;
        };
        let context = &mut event.context;
        context.host_tid = random.below(3) as u32;
        context.uid = random.below(2) as u32;
        context.thread_start = random.below(2) as u64;
        context.ret = random.number() as i64 >> random.below(64);
        context.cpu = random.below(2) as u32;
        context.flags = random.number() as u8;
        event.nodename = (random.below(2) == 0).then_some(&b"host\xff"[..]);
        event.duration = (random.below(2) == 0).then_some(1);
        event.source = (random.below(2) == 0).then_some("x");
        event.process = (random.below(2) == 0).then(|| Rc::clone(&some));
        event.ancestors = ancestors.get(random.below(4)).map(Rc::clone);
        event.container = (random.below(2) == 0).then(|| Rc::clone(&container));
        let start = clock.wall(event.context.thread_start);
        known += usize::from(
            lines
                .threads
                .get(event.context.host_tid as usize % THREADS)
                .is_some_and(|thread| thread.is_of(&event, start)),
        );
        out.clear();
        lines.push(&mut out, &event, &clock).unwrap();
        let line: Value = serde_json::from_slice(&out).unwrap();
        let mut expected = serde_json::to_value(Head::new(&event, &clock)).unwrap();
        let rest = [
            serde_json::to_value(ThreadFields::new(&event, start, &clock, false)).unwrap(),
            serde_json::to_value(EventFields::new(&event, false)).unwrap(),
            serde_json::to_value(Call::new(&event)).unwrap(),
            serde_json::json!({ "args": event.args.iter().map(|arg| Whole(arg, &event.context)).collect::<Vec<_>>() }),
        ];
        for part in rest {
            let Value::Object(part) = part else { panic!() };
            expected.as_object_mut().unwrap().extend(part);
        }
        assert_eq!(line, expected);
        out.clear();
        compact.push(&mut out, &event, &clock).unwrap();
        let line: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(line, derive(expected));
    }
    assert!(known > 100, "{known}");
}
