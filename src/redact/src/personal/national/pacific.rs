//! Numbers of Australia.

use crate::{
    entity::Entity,
    personal::{
        checksum::{value, weighted},
        rule::Rule,
    },
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        entity: Entity::AuTfn,
        shapes: &[("999 999 999", 40), ("999999999", 20)],
        check: |digits| weighted(digits, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11),
        words: &["tfn", "tax file"],
    },
    Rule {
        entity: Entity::AuAbn,
        shapes: &[("99 999 999 999", 70), ("99999999999", 30)],
        check: |digits| {
            let sum = weighted(digits, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
            digits[0] != b'0' && (sum - 10).is_multiple_of(89)
        },
        words: &["abn", "australian business"],
    },
    Rule {
        entity: Entity::AuAcn,
        shapes: &[("999 999 999", 35), ("999999999", 20)],
        check: |digits| (10 - weighted(digits, &[8, 7, 6, 5, 4, 3, 2, 1]) % 10) % 10 == value(digits[8]),
        words: &["acn", "australian company"],
    },
    Rule {
        entity: Entity::AuMedicare,
        shapes: &[("9999 99999 9", 65), ("9999999999", 20)],
        check: |digits| {
            matches!(digits[0], b'2'..=b'6') && weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == value(digits[8])
        },
        words: &["medicare"],
    },
];
