//! The tables that are printed, and what every row has to show.

use std::sync::Once;

static HEADER: Once = Once::new();
const COLUMNS: &str = "| fault | during | after | unknown keys at the API | answered calls missing \
                       from the audit |";

/// The outcome of a fault.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    fault: String,
    during: String,
    after: String,
    pub(crate) unknown_keys: Vec<String>,
    pub(crate) missing_calls: Vec<String>,
    signed_out: bool,
    recovered: bool,
}

impl Row {
    pub(crate) fn new(fault: &str, during: String, after: String) -> Row {
        Row {
            fault: fault.to_owned(),
            during,
            after,
            unknown_keys: Vec::new(),
            missing_calls: Vec::new(),
            signed_out: false,
            recovered: true,
        }
    }

    /// The outcome of the fault in the end.
    pub(crate) fn after(&mut self, after: &str) {
        after.clone_into(&mut self.after);
    }

    /// Whether a client received an answer that its token is not valid.
    pub(crate) fn signed_out(self, signed_out: bool) -> Row {
        Row { signed_out, ..self }
    }

    /// Whether everything worked again.
    pub(crate) fn recovered(self, recovered: bool) -> Row {
        Row { recovered, ..self }
    }

    /// Prints the row, and checks that no person was signed out, that everything works again, that no
    /// key at the API is unknown, and that no answered call is missing in the audit.
    pub(crate) fn check(&self) {
        HEADER.call_once(|| println!("{COLUMNS}\n{}", "| --- ".repeat(5) + "|"));
        let (unknown, missing) = (self.unknown_keys.len(), self.missing_calls.len());
        let Row {
            fault,
            during,
            after,
            ..
        } = self;
        let row = format!("| {fault} | {during} | {after} | {unknown} | {missing} |");
        println!("{row}");
        assert!(!self.signed_out, "somebody was signed out: {row}");
        assert!(self.recovered, "it does not work again: {row}");
        assert_eq!(self.unknown_keys, [""; 0], "{row}");
        assert_eq!(self.missing_calls, [""; 0], "{row}");
    }
}

/// Prints the row of a fault that cannot be made on this machine.
pub(crate) fn not_possible(fault: &str, reason: &str) {
    println!("| {fault} | not possible here: {reason} | | | |");
}
