//! Arguments as code that calls a tool sets them.

/// One argument of a tool, as code that calls the tool sets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its name in the input's `properties`.
    pub name: String,
    /// Whether a call needs it.
    pub required: bool,
    /// The type that holds all that its schema allows.
    pub ty: ArgumentType,
    /// What it means, or empty.
    pub description: String,
}

/// The type of an argument in code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentType {
    /// Text.
    String,
    /// An integer of 64 bits with a sign.
    Integer,
    /// A floating-point number of 64 bits.
    Number,
    /// True or false.
    Boolean,
    /// One of these texts.
    Enum(Vec<String>),
    /// A list of values of one type.
    Array(Box<ArgumentType>),
    /// Any JSON value: no other type holds all that the schema allows.
    Value,
}
