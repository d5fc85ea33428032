//! The help texts of the generated server.

use tests::harness::help::help;

use crate::golden::assert_unchanged;

#[test]
fn help_of_the_generated_server_is_as_recorded() {
    assert_unchanged("help-server.txt", &help(env!("CARGO_BIN_EXE_connector")));
}
