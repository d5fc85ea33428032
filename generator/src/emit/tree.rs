//! Values of the neutral model as trees that name their types and fields, whatever these are: what
//! is written down of them needs no list of fields.

use serde::ser::{self, Serialize, SerializeStruct, Serializer};
use thiserror::Error;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tree {
    Bool(bool),
    Number(i64),
    Text(String),
    Option(Option<Box<Tree>>),
    List(Vec<Tree>),
    Tuple(Vec<Tree>),
    /// The name of a struct, and its fields.
    Struct(&'static str, Fields),
    /// The name of an enum, of one of its variants, and what this holds.
    Variant(&'static str, &'static str, Content),
}

/// The fields of a struct, in the order of their declaration.
pub(super) type Fields = Vec<(&'static str, Tree)>;

/// What a variant holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    Nothing,
    Values(Vec<Tree>),
    Fields(Fields),
}

/// Why a value is no tree. The model holds no such value.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct NoTree(String);

impl ser::Error for NoTree {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        NoTree(message.to_string())
    }
}

/// The tree of a value.
///
/// # Errors
/// Where the value is of a kind that no descriptor has.
pub(super) fn tree(value: &(impl Serialize + ?Sized)) -> Result<Tree, NoTree> {
    value.serialize(Build)
}

impl Tree {
    /// The field of a struct.
    pub(super) fn field(&self, name: &str) -> Option<&Tree> {
        match self {
            Tree::Struct(_, fields) => {
                let found = fields.iter().find(|(field, _)| *field == name);
                found.map(|(_, value)| value)
            }
            _ => None,
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Tree::Text(text) => Some(text),
            _ => None,
        }
    }
}

struct Build;

/// A sequence, tuple, struct or variant whose parts are being read.
struct Parts {
    /// Where it is a variant: the names of the enum and the variant.
    variant: Option<(&'static str, &'static str)>,
    /// Where it is a struct: its name.
    name: &'static str,
    values: Vec<Tree>,
    fields: Fields,
}

impl Parts {
    fn new(name: &'static str, variant: Option<(&'static str, &'static str)>) -> Parts {
        Parts {
            variant,
            name,
            values: Vec::new(),
            fields: Vec::new(),
        }
    }

    fn push(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), NoTree> {
        self.values.push(tree(value)?);
        Ok(())
    }

    fn set(
        &mut self,
        field: &'static str,
        value: &(impl Serialize + ?Sized),
    ) -> Result<(), NoTree> {
        self.fields.push((field, tree(value)?));
        Ok(())
    }
}

fn unknown(what: &str) -> NoTree {
    NoTree(format!("no descriptor holds {what}"))
}

/// Methods for kinds of values that descriptors do not have.
macro_rules! refuse {
    ($($method:ident: $value:ty),* $(,)?) => {
        $(fn $method(self, _: $value) -> Result<Tree, NoTree> {
            Err(unknown(stringify!($value)))
        })*
    };
}

/// Methods for whole numbers.
macro_rules! number {
    ($($method:ident: $value:ty),* $(,)?) => {
        $(fn $method(self, value: $value) -> Result<Tree, NoTree> {
            Ok(Tree::Number(i64::from(value)))
        })*
    };
}

impl Serializer for Build {
    type Ok = Tree;
    type Error = NoTree;
    type SerializeSeq = Parts;
    type SerializeTuple = Parts;
    type SerializeTupleStruct = Parts;
    type SerializeTupleVariant = Parts;
    type SerializeMap = ser::Impossible<Tree, NoTree>;
    type SerializeStruct = Parts;
    type SerializeStructVariant = Parts;

    number! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
    }
    refuse! {
        serialize_u64: u64, serialize_f32: f32, serialize_f64: f64, serialize_char: char,
        serialize_bytes: &[u8], serialize_unit_struct: &'static str,
    }

    fn serialize_bool(self, value: bool) -> Result<Tree, NoTree> {
        Ok(Tree::Bool(value))
    }

    fn serialize_str(self, value: &str) -> Result<Tree, NoTree> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn serialize_none(self) -> Result<Tree, NoTree> {
        Ok(Tree::Option(None))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Tree, NoTree> {
        Ok(Tree::Option(Some(Box::new(tree(value)?))))
    }

    fn serialize_unit(self) -> Result<Tree, NoTree> {
        Err(unknown("()"))
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Tree, NoTree> {
        Ok(Tree::Variant(name, variant, Content::Nothing))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: &T,
    ) -> Result<Tree, NoTree> {
        Err(unknown(name))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Tree, NoTree> {
        Ok(Tree::Variant(
            name,
            variant,
            Content::Values(vec![tree(value)?]),
        ))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts, NoTree> {
        Ok(Parts::new("", None))
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts, NoTree> {
        Ok(Parts::new("", None))
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Parts, NoTree> {
        Err(unknown(name))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts, NoTree> {
        Ok(Parts::new("", Some((name, variant))))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, NoTree> {
        Err(unknown("a map"))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Parts, NoTree> {
        Ok(Parts::new(name, None))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts, NoTree> {
        Ok(Parts::new("", Some((name, variant))))
    }
}

impl ser::SerializeSeq for Parts {
    type Ok = Tree;
    type Error = NoTree;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoTree> {
        self.push(value)
    }

    fn end(self) -> Result<Tree, NoTree> {
        Ok(Tree::List(self.values))
    }
}

impl ser::SerializeTuple for Parts {
    type Ok = Tree;
    type Error = NoTree;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoTree> {
        self.push(value)
    }

    fn end(self) -> Result<Tree, NoTree> {
        Ok(Tree::Tuple(self.values))
    }
}

impl ser::SerializeTupleStruct for Parts {
    type Ok = Tree;
    type Error = NoTree;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoTree> {
        self.push(value)
    }

    fn end(self) -> Result<Tree, NoTree> {
        Ok(Tree::Tuple(self.values))
    }
}

impl ser::SerializeTupleVariant for Parts {
    type Ok = Tree;
    type Error = NoTree;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoTree> {
        self.push(value)
    }

    fn end(self) -> Result<Tree, NoTree> {
        let (name, variant) = self.variant.unwrap_or_default();
        Ok(Tree::Variant(name, variant, Content::Values(self.values)))
    }
}

impl SerializeStruct for Parts {
    type Ok = Tree;
    type Error = NoTree;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        field: &'static str,
        value: &T,
    ) -> Result<(), NoTree> {
        self.set(field, value)
    }

    fn end(self) -> Result<Tree, NoTree> {
        Ok(Tree::Struct(self.name, self.fields))
    }
}

impl ser::SerializeStructVariant for Parts {
    type Ok = Tree;
    type Error = NoTree;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        field: &'static str,
        value: &T,
    ) -> Result<(), NoTree> {
        self.set(field, value)
    }

    fn end(self) -> Result<Tree, NoTree> {
        let (name, variant) = self.variant.unwrap_or_default();
        Ok(Tree::Variant(name, variant, Content::Fields(self.fields)))
    }
}
