//! The ancestors of processes, as they are shown.

use std::rc::Rc;

use crate::decode::process::{Ancestor, Ancestors, Process, ANCESTORS_MAX};
use crate::process::table::{Entry, Id, Table};

/// Of so many processes the ancestors are kept, since they mostly are the same at the next event.
const KEPT: usize = 64;

/// Ancestors of the last processes.
#[derive(Default)]
pub struct Lineages {
    kept: Vec<Option<(Id, Rc<Ancestors>)>>,
}

impl Lineages {
    /// The ancestors of a process: what made it, what made that, and so on. Where that is no longer known, its parent takes
    /// its place. What is at the same place as before says the same.
    pub fn of(&mut self, table: &mut Table, id: Id) -> Rc<Ancestors> {
        self.kept.resize(KEPT, None);
        let pid = table.get(id).map_or(0, |entry| entry.shown.pid);
        let kept = &mut self.kept[pid as usize % KEPT];
        let before = kept.as_ref().filter(|(of, _)| *of == id).map(|(_, kept)| kept);
        if let Some(before) = before.filter(|before| is_same(table, id, before)) {
            return Rc::clone(before);
        }
        let mut found: Vec<Ancestor> = Vec::new();
        let mut at = id;
        while found.len() < ANCESTORS_MAX {
            let mut next = above(table, at);
            if next.is_none() {
                // Its parent has been forgotten, and it has another one, which no record has told yet.
                table.look_again(at);
                next = above(table, at);
            }
            let Some((id, process, reparented)) = next else {
                break;
            };
            found.push(Ancestor {
                process: Rc::clone(process),
                reparented,
            });
            at = id;
        }
        let found: Rc<Ancestors> = found.into();
        *kept = Some((id, Rc::clone(&found)));
        found
    }
}

/// Who stands above a process, and whether that is its parent but has not made it.
fn above(table: &Table, id: Id) -> Option<(Id, &Rc<Process>, bool)> {
    let entry = table.get(id)?;
    let known = |id: Option<Id>| id.and_then(|id| Some((id, table.get(id)?)));
    let (id, above): (Id, &Entry) = known(entry.maker).or_else(|| known(entry.parent))?;
    let made = entry
        .shown
        .maker
        .is_none_or(|maker| maker.entity == above.shown.entity);
    Some((id, &above.shown, !made))
}

fn is_same(table: &Table, id: Id, before: &Ancestors) -> bool {
    let mut at = id;
    for ancestor in before {
        match above(table, at) {
            Some((id, process, reparented))
                if Rc::ptr_eq(process, &ancestor.process) && reparented == ancestor.reparented =>
            {
                at = id;
            }
            _ => return false,
        }
    }
    before.len() == ANCESTORS_MAX || above(table, at).is_none()
}
