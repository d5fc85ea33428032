//! Wallets of Ethereum and its kin: their addresses, and what they sign (EIP-191, EIP-55). The only
//! module that names `k256` and `sha3`.

use std::fmt;

use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use sha3::{Digest as _, Keccak256};

/// Bytes of an address.
const LENGTH: usize = 20;
/// Bytes of a signature: `r`, `s` and the recovery id.
const SIGNATURE: usize = 65;

/// The address of an account whose key a person or a program holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct WalletAddress([u8; LENGTH]);

/// Why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    /// It is not of the form `0x` and 40 hexadecimal digits.
    #[error("an address is 0x and 40 hexadecimal digits")]
    Form,
    /// It has letters of both cases, and not those of EIP-55.
    #[error("the checksum of the address is wrong (EIP-55): a digit is mistyped")]
    Checksum,
}

/// Why a signature proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignatureError {
    /// It is not `0x` and 130 hexadecimal digits.
    #[error("a signature is 0x and 130 hexadecimal digits: r, s and v")]
    Form,
    /// `v` is none of 27, 28, 0 and 1.
    #[error("v of the signature is none of 27, 28, 0 and 1")]
    RecoveryId,
    /// `s` is in the upper half of the order of the curve (EIP-2): anybody can make such a second
    /// signature of one that they saw.
    #[error("s of the signature is in the upper half (EIP-2)")]
    HighS,
    /// No key makes such a signature.
    #[error("no key makes such a signature")]
    NoKey,
}

impl WalletAddress {
    /// Reads an address. Letters of one case have no checksum; letters of both are those of EIP-55.
    ///
    /// # Errors
    /// Where the text is no address, or its checksum is wrong.
    pub(crate) fn parse(text: &str) -> Result<WalletAddress, AddressError> {
        let digits = text.strip_prefix("0x").ok_or(AddressError::Form)?;
        let bytes = bytes(digits).ok_or(AddressError::Form)?;
        let address = WalletAddress(bytes.try_into().map_err(|_| AddressError::Form)?);
        let has = |test: fn(&u8) -> bool| digits.bytes().any(|byte| test(&byte));
        let mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
        match mixed && text != address.to_string() {
            true => Err(AddressError::Checksum),
            false => Ok(address),
        }
    }

    /// The address of an account by its public key: the end of the digest of the point.
    fn of(key: &VerifyingKey) -> Option<WalletAddress> {
        let point = key.to_sec1_point(false);
        let point = point.as_bytes().get(1..)?;
        let digest = Keccak256::digest(point);
        let end = digest.get(digest.len() - LENGTH..)?;
        Some(WalletAddress(end.try_into().ok()?))
    }

    /// Finds the address whose key signed a text as a personal message (EIP-191, version `0x45`).
    ///
    /// # Errors
    /// Where the signature is not of the one form that is accepted, so that each text has one
    /// signature of a key.
    pub(crate) fn signer(text: &str, signature: &str) -> Result<WalletAddress, SignatureError> {
        let digits = signature.strip_prefix("0x").unwrap_or(signature);
        let bytes = bytes(digits).filter(|bytes| bytes.len() == SIGNATURE);
        let bytes = bytes.ok_or(SignatureError::Form)?;
        let (scalars, v) = bytes.split_at(SIGNATURE - 1);
        let parity = match v {
            [27 | 0] => 0,
            [28 | 1] => 1,
            _ => return Err(SignatureError::RecoveryId),
        };
        let id = RecoveryId::from_byte(parity).ok_or(SignatureError::RecoveryId)?;
        let signature = Signature::from_slice(scalars).map_err(|_| SignatureError::NoKey)?;
        // Recovery accepts these, unlike the check by a known key.
        if signature.normalize_s() != signature {
            return Err(SignatureError::HighS);
        }
        let mut digest = Keccak256::new();
        digest.update(format!("\x19Ethereum Signed Message:\n{}", text.len()));
        digest.update(text);
        let key = VerifyingKey::recover_from_prehash(&digest.finalize(), &signature, id);
        let key = key.map_err(|_| SignatureError::NoKey)?;
        WalletAddress::of(&key).ok_or(SignatureError::NoKey)
    }
}

/// Writes the address with its checksum (EIP-55).
impl fmt::Display for WalletAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        let digest = Keccak256::digest(&digits);
        formatter.write_str("0x")?;
        for (place, digit) in digits.chars().enumerate() {
            let byte = digest.get(place / 2).copied().unwrap_or_default();
            let half = if place.is_multiple_of(2) {
                byte >> 4
            } else {
                byte & 15
            };
            let digit = if half >= 8 {
                digit.to_ascii_uppercase()
            } else {
                digit
            };
            write!(formatter, "{digit}")?;
        }
        Ok(())
    }
}

/// Reads hexadecimal digits, in pairs.
fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    let value = |digit: &u8| char::from(*digit).to_digit(16);
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from((value(high)? << 4) | value(low)?).ok(),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The accounts and the signature are those of the documentation of web3.js (`eth.accounts`).
    const ADDRESS: &str = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23";
    const TEXT: &str = "Some data";
    const SIGNED: &str = "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c";

    #[test]
    fn address_is_written_with_its_checksum() {
        // The examples of EIP-55.
        for address in [
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
            "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        ] {
            let lower = address.to_lowercase();
            for spelling in [address, lower.as_str()] {
                let parsed = WalletAddress::parse(spelling).unwrap();
                assert_eq!(parsed.to_string(), address);
            }
        }
    }

    #[test]
    fn address_with_a_mistyped_digit_is_refused() {
        let wrong = ADDRESS.replacen("2c75", "2C75", 1);
        assert_eq!(WalletAddress::parse(&wrong), Err(AddressError::Checksum));
        for wrong in ["", "0x", "0x1234", &ADDRESS[2..], &format!("{ADDRESS}00")] {
            assert_eq!(WalletAddress::parse(wrong), Err(AddressError::Form));
        }
    }

    #[test]
    fn signer_is_found_as_another_library_signed() {
        let signer = WalletAddress::signer(TEXT, SIGNED).unwrap();
        assert_eq!(signer.to_string(), ADDRESS);
        let other = WalletAddress::signer("Some dato", SIGNED).unwrap();
        assert_ne!(other.to_string(), ADDRESS);
    }

    #[test]
    fn signature_of_another_form_is_refused() {
        let refused = |signature: &str| WalletAddress::signer(TEXT, signature).unwrap_err();
        assert_eq!(refused(&SIGNED[..SIGNED.len() - 2]), SignatureError::Form);
        assert_eq!(refused("0xzz"), SignatureError::Form);
        let v = |v: &str| format!("{}{v}", &SIGNED[..SIGNED.len() - 2]);
        for other in ["23", "02", "1d", "ff"] {
            assert_eq!(refused(&v(other)), SignatureError::RecoveryId);
        }
        assert!(WalletAddress::signer(TEXT, &v("01")).is_ok());
        let zero = format!("0x{}1b", "00".repeat(64));
        assert_eq!(refused(&zero), SignatureError::NoKey);
    }

    #[test]
    fn second_signature_that_anybody_can_make_is_refused() {
        let bytes = bytes(&SIGNED[2..]).unwrap();
        let signature = Signature::from_slice(&bytes[..64]).unwrap();
        let (r, s) = signature.split_scalars();
        let high = Signature::from_scalars(r, -s).unwrap();
        let digits: String = high
            .to_bytes()
            .iter()
            .map(|it| format!("{it:02x}"))
            .collect();
        let signature = format!("0x{digits}1b");
        let refused = WalletAddress::signer(TEXT, &signature);
        assert_eq!(refused, Err(SignatureError::HighS));
    }
}
