//! Conditions on a number.

use std::collections::BTreeSet;

/// Conditions on one number; all must hold.
///
/// Numbers are `i128`, so that signed and unsigned 64-bit ones are compared alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    /// The number must be one of these, if any are listed.
    only: Option<BTreeSet<i128>>,
    /// The number must be none of these.
    not: BTreeSet<i128>,
    /// Inclusive.
    min: i128,
    max: i128,
}

/// How a filter's value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Equal,
    NotEqual,
    Less,
    Greater,
    LessEqual,
    GreaterEqual,
}

impl Op {
    pub const fn symbol(self) -> &'static str {
        match self {
            Op::Equal => "=",
            Op::NotEqual => "!=",
            Op::Less => "<",
            Op::Greater => ">",
            Op::LessEqual => "<=",
            Op::GreaterEqual => ">=",
        }
    }

    /// `=` and `!=`: these take several values, and texts.
    pub const fn is_equality(self) -> bool {
        matches!(self, Op::Equal | Op::NotEqual)
    }
}

impl Default for Numbers {
    fn default() -> Self {
        Numbers {
            only: None,
            not: BTreeSet::new(),
            min: i128::MIN,
            max: i128::MAX,
        }
    }
}

impl Numbers {
    pub fn add(&mut self, op: Op, value: i128) {
        match op {
            Op::Equal => {
                self.only.get_or_insert_default().insert(value);
            }
            Op::NotEqual => {
                self.not.insert(value);
            }
            Op::Less => self.max = self.max.min(value.saturating_sub(1)),
            Op::LessEqual => self.max = self.max.min(value),
            Op::Greater => self.min = self.min.max(value.saturating_add(1)),
            Op::GreaterEqual => self.min = self.min.max(value),
        }
    }

    /// Adds conditions on the same number: of those with `=`, one must hold.
    pub fn join(&mut self, more: &Numbers) {
        if let Some(only) = &more.only {
            self.only.get_or_insert_default().extend(only);
        }
        self.not.extend(&more.not);
        self.min = self.min.max(more.min);
        self.max = self.max.min(more.max);
    }

    /// Conditions that require both.
    pub fn and(&self, other: &Numbers) -> Numbers {
        let only = match (&self.only, &other.only) {
            (Some(ours), Some(theirs)) => Some(ours & theirs),
            (ours, theirs) => ours.clone().or_else(|| theirs.clone()),
        };
        Numbers {
            only,
            not: &self.not | &other.not,
            min: self.min.max(other.min),
            max: self.max.min(other.max),
        }
    }

    /// Whether the number passes. A missing number passes only `!=`.
    pub fn passes(&self, value: Option<i128>) -> bool {
        match value {
            None => !self.required(),
            Some(value) => {
                (self.min..=self.max).contains(&value)
                    && !self.not.contains(&value)
                    && self.only.as_ref().is_none_or(|only| only.contains(&value))
            }
        }
    }

    /// Whether a missing number fails.
    pub fn required(&self) -> bool {
        self.only.is_some() || self.min != i128::MIN || self.max != i128::MAX
    }

    /// Whether any number can pass.
    pub fn possible(&self) -> bool {
        match &self.only {
            Some(only) => only.iter().any(|value| self.passes(Some(*value))),
            None => self.min <= self.max,
        }
    }

    /// Bounds, inclusive.
    pub fn range(&self) -> (i128, i128) {
        (self.min, self.max)
    }

    /// The listed numbers: the only ones that pass, or the only ones that do not.
    pub fn listed(&self) -> Listed {
        match &self.only {
            Some(only) => Listed::Only(only.difference(&self.not).copied().collect()),
            None => Listed::Not(self.not.iter().copied().collect()),
        }
    }
}

/// Numbers that are listed one by one, apart from the range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    Only(Vec<i128>),
    Not(Vec<i128>),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(conditions: &[(Op, i128)]) -> Numbers {
        let mut numbers = Numbers::default();
        for (op, value) in conditions {
            numbers.add(*op, *value);
        }
        numbers
    }

    #[test]
    fn equal_values_are_alternatives_and_all_else_must_hold() {
        let passing = |conditions: &[(Op, i128)]| -> Vec<i128> {
            let numbers = numbers(conditions);
            (0..8).filter(|value| numbers.passes(Some(*value))).collect()
        };
        assert_eq!(passing(&[(Op::Equal, 1), (Op::Equal, 3)]), [1, 3]);
        assert_eq!(
            passing(&[(Op::NotEqual, 1), (Op::NotEqual, 3)]),
            [0, 2, 4, 5, 6, 7]
        );
        assert_eq!(passing(&[(Op::Greater, 2), (Op::Less, 5)]), [3, 4]);
        assert_eq!(
            passing(&[(Op::GreaterEqual, 2), (Op::LessEqual, 5)]),
            [2, 3, 4, 5]
        );
        assert_eq!(passing(&[(Op::Equal, 1), (Op::Equal, 6), (Op::Less, 5)]), [1]);
        assert_eq!(passing(&[(Op::Equal, 1), (Op::Equal, 6), (Op::NotEqual, 6)]), [1]);
        assert_eq!(passing(&[(Op::Greater, 3), (Op::NotEqual, 5)]), [4, 6, 7]);
    }

    #[test]
    fn what_does_not_exist_is_only_unequal() {
        assert!(numbers(&[(Op::NotEqual, 1)]).passes(None));
        for op in [Op::Equal, Op::Less, Op::Greater, Op::LessEqual, Op::GreaterEqual] {
            assert!(!numbers(&[(op, 1)]).passes(None), "{op:?}");
        }
    }

    #[test]
    fn contradictions_are_seen() {
        assert!(!numbers(&[(Op::Greater, 5), (Op::Less, 3)]).possible());
        assert!(!numbers(&[(Op::Equal, 5), (Op::Less, 3)]).possible());
        assert!(!numbers(&[(Op::Equal, 5), (Op::NotEqual, 5)]).possible());
        assert!(numbers(&[(Op::Greater, 5), (Op::Less, 7)]).possible());
    }

    #[test]
    fn two_filters_of_one_number_both_hold() {
        let both = numbers(&[(Op::Equal, 1), (Op::Equal, 2)]).and(&numbers(&[(Op::Equal, 2), (Op::Less, 9)]));
        assert_eq!(both.listed(), Listed::Only(vec![2]));
        let both = numbers(&[(Op::NotEqual, 1)]).and(&numbers(&[(Op::Less, 9)]));
        assert_eq!((both.listed(), both.range().1), (Listed::Not(vec![1]), 8));
    }
}
