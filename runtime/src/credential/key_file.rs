//! Files of signing keys: PKCS #8 in base64, which only the user that runs the server can read.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What becomes of a new signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MissingKey {
    /// It is written to its file.
    Write,
    /// It is forgotten with the process: the configuration is only checked.
    Forget,
}

/// Reads the key in `file`, or makes one where there is no file.
///
/// # Errors
/// Where the file cannot be read or written, is not base64, or no key can be made.
pub(crate) fn read_or_make(
    file: &Path,
    missing: MissingKey,
    make: impl FnOnce() -> io::Result<Vec<u8>>,
) -> io::Result<Vec<u8>> {
    match fs::read_to_string(file) {
        Ok(text) => STANDARD.decode(text.trim()).map_err(io::Error::other),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let pkcs8 = make()?;
            if missing == MissingKey::Write {
                write(file, &pkcs8)?;
            }
            Ok(pkcs8)
        }
        Err(error) => Err(error),
    }
}

fn write(file: &Path, pkcs8: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(file)?;
    file.write_all(STANDARD.encode(pkcs8).as_bytes())
}
