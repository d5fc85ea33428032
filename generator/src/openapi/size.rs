//! Bounds on what is read.

use serde_json::Value;

/// How deep collections may be nested.
pub(super) const MAX_DEPTH: usize = 512;
/// How much copying may add to a description, in values (long text counts for several): by aliases
/// of YAML, or by an overlay. Real descriptions stay far below, those made to swell are over it at
/// once.
pub(super) const MAX_COPIED: usize = 2_000_000;

/// What a copy of a value costs.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) values: usize,
    pub(super) depth: usize,
}

impl Size {
    pub(super) fn of(value: &Value) -> Size {
        let sum = |sizes: &mut dyn Iterator<Item = Size>| {
            sizes.fold(
                Size {
                    values: 1,
                    depth: 1,
                },
                |all, one| Size {
                    values: all.values + one.values,
                    depth: all.depth.max(one.depth + 1),
                },
            )
        };
        match value {
            Value::Array(items) => sum(&mut items.iter().map(Size::of)),
            Value::Object(pairs) => sum(&mut pairs.values().map(Size::of)),
            Value::String(text) => Size {
                values: 1 + text.len() / 64,
                depth: 0,
            },
            _ => Size {
                values: 1,
                depth: 0,
            },
        }
    }
}
