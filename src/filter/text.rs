//! Conditions on a text.

/// One value of a filter: a text, with what may stand before, within and behind it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern {
    /// The text, up to the first `*` within it.
    pub text: Vec<u8>,
    /// The texts behind each `*` within it.
    pub more: Vec<Vec<u8>>,
    /// `*` at the start.
    pub open_start: bool,
    /// `*` at the end.
    pub open_end: bool,
}

impl Pattern {
    pub fn matches(&self, text: &[u8]) -> bool {
        if let Some((last, inner)) = self.more.split_last() {
            return self
                .behind_first(text)
                .and_then(|rest| inner.iter().try_fold(rest, |rest, part| behind(rest, part)))
                .is_some_and(|rest| match self.open_end {
                    true => contains(rest, last),
                    false => rest.ends_with(last),
                });
        }
        match (self.open_start, self.open_end) {
            (false, false) => text == self.text,
            (false, true) => text.starts_with(&self.text),
            (true, false) => text.ends_with(&self.text),
            (true, true) => contains(text, &self.text),
        }
    }

    /// What follows the first part, where that can stand.
    fn behind_first<'a>(&self, text: &'a [u8]) -> Option<&'a [u8]> {
        match self.open_start {
            true => behind(text, &self.text),
            false => text.strip_prefix(self.text.as_slice()),
        }
    }

    /// Whether a text may match of which only this end is known.
    fn may_match_end(&self, end: &[u8]) -> bool {
        let last = self.more.last().unwrap_or(&self.text);
        self.open_end || end.ends_with(last) || last.ends_with(end)
    }

    pub fn is_open(&self) -> bool {
        self.open_start || self.open_end || !self.more.is_empty()
    }
}

/// What follows the first place of a part.
fn behind<'a>(text: &'a [u8], part: &[u8]) -> Option<&'a [u8]> {
    let at = match part.is_empty() {
        true => 0,
        false => text.windows(part.len()).position(|window| window == part)?,
    };
    Some(&text[at + part.len()..])
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

/// Conditions on one text; all must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// One of these must match, unless the list is empty.
    pub wanted: Vec<Pattern>,
    /// None of these may match.
    pub excluded: Vec<Pattern>,
}

impl Texts {
    /// Whether something that may have several texts passes: any of them may match. Without a text nothing matches.
    pub fn passes<'a>(&self, texts: impl IntoIterator<Item = &'a [u8]>) -> bool {
        self.passes_cut(texts.into_iter().map(|text| (text, false)))
    }

    /// The same for texts each of which may have lost its beginning (`true`). Such a one passes unless it is certain that
    /// it must not.
    pub fn passes_cut<'a>(&self, texts: impl IntoIterator<Item = (&'a [u8], bool)>) -> bool {
        let mut found = self.wanted.is_empty();
        for (text, cut) in texts {
            let excludes = |pattern: &Pattern| (!cut || pattern.open_start) && pattern.matches(text);
            if self.excluded.iter().any(excludes) {
                return false;
            }
            let wants = |pattern: &Pattern| pattern.matches(text) || cut && pattern.may_match_end(text);
            found = found || self.wanted.iter().any(wants);
        }
        found
    }

    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.excluded.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        let open_start = text.starts_with('*');
        let rest = text.strip_prefix('*').unwrap_or(text);
        let mut parts = rest.trim_end_matches('*').split('*').map(Vec::from);
        Pattern {
            open_start,
            open_end: rest.ends_with('*'),
            text: parts.next().unwrap_or_default(),
            more: parts.collect(),
        }
    }

    #[test]
    fn stars_stand_at_either_end() {
        for (filter, text, matches) in [
            ("/etc", "/etc", true),
            ("/etc", "/etc/", false),
            ("/etc*", "/etc/passwd", true),
            ("/etc*", "/etc", true),
            ("/etc*", "/usr/etc", false),
            ("/etc/*.conf", "/etc/a/b.conf", true),
            ("/etc/*.conf", "/etc/.conf", true),
            ("/etc/*.conf", "/etc/a.conf.d", false),
            ("/etc/*.conf*", "/etc/a.conf.d", true),
            ("*lib*so", "/usr/lib/x.so", true),
            ("*lib*so", "/usr/so/lib", false),
            ("a*b*a", "aba", true),
            ("a*a", "a", false),
            ("ab*ba", "aba", false),
            ("*.so", "/lib/a.so", true),
            ("*.so", "/lib/a.so.1", false),
            ("*lib*", "/usr/lib/x", true),
            ("*lib*", "/usr/x", false),
            ("*", "", true),
            ("*", "x", true),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(
                pattern(filter).matches(text.as_bytes()),
                matches,
                "{filter} {text}"
            );
        }
    }

    #[test]
    fn what_has_lost_its_beginning_may_match() {
        let passes = |wanted: &str, end: &[u8]| {
            let texts = Texts {
                wanted: vec![pattern(wanted)],
                excluded: Vec::new(),
            };
            texts.passes_cut([(end, true)])
        };
        let excluded = |pattern_text: &str, end: &[u8]| {
            let texts = Texts {
                wanted: Vec::new(),
                excluded: vec![pattern(pattern_text)],
            };
            !texts.passes_cut([(end, true)])
        };
        assert!(passes("/tmp/*", b"d/e/prog") && passes("*prog", b"d/e/prog") && passes("/x/d/e", b"d/e"));
        assert!(!passes("*.so", b"d/e/prog") && !passes("/tmp/x", b"d/e/prog"));
        assert!(excluded("*prog", b"d/e/prog"));
        assert!(!excluded("/tmp/*", b"d/e/prog") && !excluded("d/e/prog", b"d/e/prog"));
    }

    #[test]
    fn wanted_ones_are_alternatives_and_excluded_ones_win() {
        let texts = Texts {
            wanted: vec![pattern("/etc*"), pattern("*.so")],
            excluded: vec![pattern("*passwd")],
        };
        let passes = |text: &str| texts.passes([text.as_bytes()]);
        assert!(passes("/etc/group") && passes("/lib/a.so"));
        assert!(!passes("/etc/passwd") && !passes("/usr"));
        assert!(!texts.passes([]));
        assert!(texts.passes(["/usr".as_bytes(), "a.so".as_bytes()]));
    }
}
