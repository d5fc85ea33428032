//! What agents sign with, by foreign libraries.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use k256::ecdsa::SigningKey;
use serde_json::{Value, json};
use sha3::{Digest as _, Keccak256};

/// The key of an account of Ethereum.
pub(crate) struct Wallet(SigningKey);

impl Wallet {
    /// A wallet that was never used. Numbers from 1 on are different keys.
    pub(crate) fn fresh(number: u8) -> Wallet {
        let mut bytes = [7; 32];
        bytes[31] = number;
        Wallet(SigningKey::from_slice(&bytes).unwrap())
    }

    /// The address, in small letters.
    pub(crate) fn address(&self) -> String {
        let point = self.0.verifying_key().to_sec1_point(false);
        let digest = Keccak256::digest(&point.as_bytes()[1..]);
        format!("0x{}", hexadecimal(&digest[12..]))
    }

    /// The signature of a personal message (EIP-191).
    pub(crate) fn sign(&self, message: &str) -> String {
        let (bytes, parity) = self.signature(message);
        format!("0x{}{:02x}", hexadecimal(&bytes), 27 + parity)
    }

    /// The other signature of the same message, which anybody can make of the first.
    pub(crate) fn sign_high(&self, message: &str) -> String {
        let (bytes, parity) = self.signature(message);
        let signature = k256::ecdsa::Signature::from_slice(&bytes).unwrap();
        let (r, s) = signature.split_scalars();
        let high = k256::ecdsa::Signature::from_scalars(r, -s).unwrap();
        format!("0x{}{:02x}", hexadecimal(&high.to_bytes()), 28 - parity)
    }

    fn signature(&self, message: &str) -> (Vec<u8>, u8) {
        let mut digest = Keccak256::new();
        digest.update(format!("\x19Ethereum Signed Message:\n{}", message.len()));
        digest.update(message);
        let (signature, id) = self.0.sign_prehash_recoverable(&digest.finalize());
        (signature.to_bytes().to_vec(), id.to_byte())
    }
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A key that signs assertions.
pub(crate) struct Key {
    key: EncodingKey,
    public: Value,
}

impl Key {
    /// An Ed25519 key with this id.
    pub(crate) fn new(id: &str) -> Key {
        use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;

        let pair = Ed25519KeyPair::generate().unwrap();
        let x = URL_SAFE_NO_PAD.encode(pair.public_key());
        let pkcs8 = pair.to_pkcs8v1().unwrap();
        Key {
            key: EncodingKey::from_ed_der(pkcs8.as_ref()),
            public: json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": id}),
        }
    }

    /// The public key.
    pub(crate) fn public(&self) -> Value {
        self.public.clone()
    }

    /// The set of the public key alone, as a person enters it.
    pub(crate) fn set(&self) -> String {
        json!({ "keys": [self.public] }).to_string()
    }

    /// An assertion with these claims.
    pub(crate) fn assertion(&self, claims: &Value) -> String {
        let id = self.public["kid"].as_str().unwrap();
        self.sign(&self.header(id, "JWT"), claims)
    }

    pub(crate) fn header(&self, id: &str, typ: &str) -> Header {
        Header {
            kid: Some(id.to_owned()),
            typ: Some(typ.to_owned()),
            ..Header::new(Algorithm::EdDSA)
        }
    }

    pub(crate) fn sign(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &self.key).unwrap()
    }
}
