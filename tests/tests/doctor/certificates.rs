//! Certificates of an authority that is made for the test.

use std::path::{Path, PathBuf};
use std::process::Command;

use tests::harness::requirement::require;

/// Whether certificates can be made here.
pub(crate) fn possible() -> Option<()> {
    let found = Command::new("openssl").arg("version").output();
    require(
        found
            .map(drop)
            .map_err(|_| "no openssl on the path".to_owned()),
    )
}

/// Makes an authority (`ca.pem`) in a directory, and a certificate for a name (`ee.pem`, `ee.key`)
/// that lasts so many days. Returns the file of the authority.
pub(crate) fn certify(directory: &Path, name: &str, days: &str) -> PathBuf {
    let names = format!("subjectAltName=DNS:{name}\n");
    std::fs::write(directory.join("names"), names).unwrap();
    let sign = format!(
        "x509 -req -in ee.csr -CA ca.pem -CAkey ca.key -out ee.pem -days {days} -extfile names"
    );
    run(
        directory,
        &[
            "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=authority -days 30",
            "req -newkey rsa:2048 -nodes -keyout ee.key -out ee.csr -subj /CN=server",
            &sign,
        ],
    );
    directory.join("ca.pem")
}

/// Runs commands of openssl in a directory.
fn run(directory: &Path, commands: &[&str]) {
    for command in commands {
        let mut program = Command::new("openssl");
        program.args(command.split(' ')).current_dir(directory);
        let output = program.output().unwrap();
        assert!(output.status.success(), "{command}: {output:?}");
    }
}
