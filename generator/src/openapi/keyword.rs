//! The keywords of JSON Schema 2020-12 that hold schemas: the one table of them.

/// How a keyword holds schemas, and what these apply to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keyword {
    pub(crate) form: Form,
    pub(crate) applies: Applies,
}

/// How a keyword holds schemas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Its value is a schema.
    One,
    /// Its value is an array of schemas.
    List,
    /// Its value is an object of schemas, whose names are the description's.
    Named,
}

/// What the schemas of a keyword apply to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applies {
    /// The very value that the schema around them applies to (Core §10.2).
    InPlace,
    /// Items, properties or content of that value (Core §10.3, Validation §8.5).
    Inside,
    /// Nothing, until a reference leads to them (Core §8.2.4).
    Nowhere,
}

/// What the keyword of this name holds, where that is schemas.
pub(crate) fn of(name: &str) -> Option<Keyword> {
    use Applies::{InPlace, Inside, Nowhere};
    use Form::{List, Named, One};
    let (form, applies) = match name {
        "allOf" | "anyOf" | "oneOf" => (List, InPlace),
        "not" | "if" | "then" | "else" => (One, InPlace),
        "dependentSchemas" => (Named, InPlace),
        "properties" | "patternProperties" => (Named, Inside),
        "prefixItems" => (List, Inside),
        "additionalProperties"
        | "contains"
        | "contentSchema"
        | "items"
        | "propertyNames"
        | "unevaluatedItems"
        | "unevaluatedProperties" => (One, Inside),
        "$defs" => (Named, Nowhere),
        _ => return None,
    };
    Some(Keyword { form, applies })
}
