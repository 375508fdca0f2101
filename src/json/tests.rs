use super::*;
use std::collections::BTreeMap;

/// Our text and serde_json's are the same value.
fn same<T: Serialize + ?Sized>(value: &T) -> String {
    let mut out = Vec::new();
    write(&mut out, value).unwrap();
    let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(read, serde_json::to_value(value).unwrap());
    String::from_utf8(out).unwrap()
}

#[derive(Serialize)]
enum Shape {
    Unit,
    Newtype(u8),
    Tuple(u8, Option<()>),
    Struct { a: u64, b: Vec<i64> },
}

#[derive(Serialize)]
struct Unit;

#[derive(Serialize)]
struct Two(char, Unit);

#[test]
fn every_shape_is_as_serde_json_writes_it() {
    same(&[
        Shape::Unit,
        Shape::Newtype(1),
        Shape::Tuple(2, None),
        Shape::Struct {
            a: u64::MAX,
            b: vec![],
        },
        Shape::Struct {
            a: 0,
            b: vec![i64::MIN, -1],
        },
    ]);
    same(&(Two('"', Unit), (), [[0u8; 0]; 2], BTreeMap::<String, ()>::new()));
    same(&BTreeMap::from([
        ("a\"\n", BTreeMap::from([("", true)])),
        ("\u{9b}", BTreeMap::new()),
    ]));
}

#[test]
fn every_character_is_read_back_and_none_is_unsafe() {
    let all: String = ('\0'..=char::MAX).collect();
    let text = same(&all);
    assert!(!text.chars().any(is_unsafe));
    // Each alone, between others, and displayed in pieces.
    for character in '\0'..='\u{ff}' {
        same(&format!("{character}a{character}"));
        let mut out = Vec::new();
        let nulls = Nulls::Kept;
        Json { out: &mut out, nulls }
            .collect_str(&format_args!("{character}{}", "a"))
            .unwrap();
        assert_eq!(
            serde_json::from_slice::<String>(&out).unwrap(),
            format!("{character}a")
        );
    }
}

/// What JSON shows of a text, and the text again that is in it.
fn json(text: &str) -> String {
    let mut out = Vec::new();
    write(&mut out, text).unwrap();
    assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
    String::from_utf8(out).unwrap()
}

#[test]
fn json_escapes_what_the_table_escapes() {
    assert_eq!(json("Grüße \"日本\" ~"), "\"Grüße \\\"日本\\\" ~\"");
    assert_eq!(
        json("\u{9b}31m\u{7f}a\u{202e}\u{2028}\u{e0041}\n\u{0}"),
        r#""\u009b31m\u007fa\u202e\u2028\udb40\udc41\n\u0000""#
    );
    for character in '\0'..=char::MAX {
        let text = character.to_string();
        let shown = json(&text);
        let mut in_table = String::new();
        escape::push(&mut in_table, text.as_bytes());
        assert!(!shown.chars().chain(in_table.chars()).any(is_unsafe), "{shown}");
        // The table escapes its own backslash and its own mark, JSON its quotes as well.
        let alike = (shown == format!("\"{text}\"")) == (in_table == text);
        assert!(alike || ['"', '…'].contains(&character), "{shown} {in_table}");
    }
}

#[test]
fn keys_are_escaped_as_well() {
    let mut out = Vec::new();
    write(&mut out, &serde_json::json!({"\u{9b}": ["\u{200b}"]})).unwrap();
    assert_eq!(out, br#"{"\u009b":["\u200b"]}"#);
}

#[test]
fn what_it_cannot_write_is_an_error() {
    let mut out = Vec::new();
    assert!(write(&mut out, &1.5).is_err());
    assert!(write(&mut out, &BTreeMap::from([(1, 2)])).is_err());
    let entries = BTreeMap::from([("b", 2)]);
    for object in [&b"{}"[..], b"[]", b""] {
        assert!(Nulls::Kept.extend(&mut object.to_vec(), &entries).is_err());
    }
    assert!(Nulls::Kept.extend(&mut b"{\"a\":1}".to_vec(), &[1]).is_err());
}

#[test]
fn entries_are_added_to_an_object() {
    let extended = |nulls: Nulls, object: &[(&str, Option<u8>)]| {
        let mut out = b"{\"a\":1}".to_vec();
        nulls
            .extend(&mut out, &BTreeMap::from_iter(object.iter().copied()))
            .unwrap();
        String::from_utf8(out).unwrap()
    };
    let entries = [("b", Some(2)), ("c", None)];
    assert_eq!(extended(Nulls::Kept, &entries), r#"{"a":1,"b":2,"c":null}"#);
    assert_eq!(extended(Nulls::LeftOut, &entries), r#"{"a":1,"b":2}"#);
    assert_eq!(extended(Nulls::LeftOut, &entries[1..]), r#"{"a":1}"#);
    assert_eq!(extended(Nulls::Kept, &[]), r#"{"a":1}"#);
}

/// Only entries of objects, and only where they are null themselves.
#[test]
fn nulls_are_left_out() {
    let mut out = Vec::new();
    let value =
        serde_json::json!({"a": null, "b": [null, {"c": null}], "d": "null", "e": {"f": null, "g": 1}});
    Nulls::LeftOut.write(&mut out, &value).unwrap();
    assert_eq!(out, br#"{"b":[null,{}],"d":"null","e":{"g":1}}"#);
}
