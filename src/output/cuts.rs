//! JSON's `cuts`: where something is missing in an argument that consists of several.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::decode::msghdr::Msghdr;
use crate::decode::strings::{Piece, Strings};
use crate::json::Plain;

/// Where something is missing in an array of strings: bytes of the string `index` are missing before byte `at` of what
/// is left of it, or whole strings before the one with index `before`.
pub struct StringCuts<'a>(pub &'a Strings<'a>);

#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum Cut {
    In {
        index: usize,
        at: usize,
        /// Number of missing bytes; null: unknown.
        missing: Option<u64>,
        full_length: Option<u64>,
    },
    Before {
        before: usize,
        missing: Option<u64>,
    },
}

impl Serialize for StringCuts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        // Index of the next string.
        let mut index = 0;
        let mut last_len = 0;
        for piece in self.0.pieces() {
            match piece {
                Piece::String { bytes, cut } => {
                    if let Some(cut) = cut {
                        list.serialize_element(&Cut::In {
                            index,
                            at: cut.at,
                            missing: cut.missing,
                            full_length: cut.missing.map(|missing| missing + bytes.len() as u64),
                        })?;
                    }
                    index += 1;
                    last_len = bytes.len();
                }
                Piece::Gap {
                    missing,
                    ends,
                    beheads,
                } => {
                    let part = |index, at| Cut::In {
                        index,
                        at,
                        missing: None,
                        full_length: None,
                    };
                    if ends {
                        list.serialize_element(&part(index - 1, last_len))?;
                    }
                    list.serialize_element(&Cut::Before {
                        before: index,
                        missing,
                    })?;
                    if beheads {
                        list.serialize_element(&part(index, 0))?;
                    }
                }
            }
        }
        list.end()
    }
}

/// What is missing at the ends of what a message header points to: `{"field":"msg_iov","fullLength":1600}`, in bytes.
pub struct MsghdrCuts<'a>(pub &'a Msghdr<'a>);

impl Serialize for MsghdrCuts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let cuts = self.0.cuts();
        serializer.collect_seq(cuts.map(|(field, full_length)| FieldCut { field, full_length }))
    }
}

struct FieldCut {
    field: &'static str,
    full_length: u64,
}

impl Serialize for FieldCut {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry(&Plain("field"), self.field)?;
        map.serialize_entry(&Plain("fullLength"), &self.full_length)?;
        map.end()
    }
}
