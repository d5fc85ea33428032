//! The key by which the nonces of challenges are proved.

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::hmac;

/// Returns the key by which nonces are proved, which comes of the signing key: servers of one store have
/// the same one.
pub(super) fn key(pkcs8: &[u8]) -> hmac::Key {
    let key = Salt::new(HKDF_SHA256, b"drawbridge agents").extract(pkcs8);
    let mut bytes = [0; 32];
    // The output is as long as the digest, so that this cannot fail.
    let filled = key
        .expand(&[b"nonces of challenges"], HKDF_SHA256)
        .and_then(|output| output.fill(&mut bytes));
    debug_assert!(filled.is_ok());
    hmac::Key::new(hmac::HMAC_SHA256, &bytes)
}
