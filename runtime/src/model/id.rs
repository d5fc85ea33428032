//! Ids: random text with a prefix that names the kind of thing.

/// Declares the id of a kind of thing: random text, taken from the store as it is.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(String);

        impl $name {
            /// Draws a new id.
            pub(crate) fn new(random: &dyn $crate::random::Random) -> $name {
                $name($crate::token::random_id($prefix, random))
            }

            /// Takes an id that was stored, or that a form says.
            pub(crate) fn stored(text: impl Into<String>) -> $name {
                $name(text.into())
            }

            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

pub(crate) use id;
