//! What a catalogue says beside its operations.

/// A Tag Object.
#[derive(Clone, Copy, Debug)]
pub struct Tag {
    /// Its name, as operations have it in [`Operation::tags`](super::Operation::tags).
    pub name: &'static str,
    /// Its description.
    pub description: &'static str,
}

/// A text that many tools repeat, which instructions say once.
#[derive(Clone, Copy, Debug)]
pub struct Repeated {
    /// The argument that it describes; none of a sentence that describes tools.
    pub argument: Option<&'static str>,
    /// The text.
    pub text: &'static str,
}
