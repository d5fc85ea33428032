//! Files, as arguments give them.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// Base64 with or without padding: models write both.
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, FORGIVING);
/// The same in the alphabet for URLs and file names (RFC 4648 §5).
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, FORGIVING);
const FORGIVING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// A file's content and its known properties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) bytes: Bytes,
    pub(super) filename: Option<String>,
    /// What the argument says the content is.
    pub(super) media_type: Option<String>,
    /// What it is where neither argument nor description say it.
    pub(super) otherwise: &'static str,
}

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";

impl File {
    /// Reads a file from an argument: a data URI (RFC 2397), the text itself, or an object with
    /// `base64` or `text` and perhaps `filename` and `content_type`.
    pub(super) fn read(value: &Value) -> Result<File, String> {
        let members = match value {
            Value::String(text) => return from_text(text),
            Value::Object(members) => members,
            _ => return Err(WANTED.to_owned()),
        };
        let member = |name: &str| members.get(name).and_then(Value::as_str);
        let (bytes, otherwise) = match (member("base64"), member("text")) {
            (Some(base64), None) => (decode(base64)?, BYTES),
            (None, Some(text)) => (Bytes::copy_from_slice(text.as_bytes()), TEXT),
            _ => return Err(WANTED.to_owned()),
        };
        Ok(File {
            bytes,
            filename: member("filename").map(str::to_owned),
            media_type: member("content_type").map(str::to_owned),
            otherwise,
        })
    }
}

const WANTED: &str = "has to be a text, a data: URI, or an object with either `base64` or `text`";

fn from_text(text: &str) -> Result<File, String> {
    let is_data = text
        .get(..5)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
    let Some((header, content)) = text
        .get(5..)
        .filter(|_| is_data)
        .and_then(|rest| rest.split_once(','))
    else {
        return Ok(File {
            bytes: Bytes::copy_from_slice(text.as_bytes()),
            filename: None,
            media_type: None,
            otherwise: TEXT,
        });
    };
    let (media_type, is_base64) = match header
        .len()
        .checked_sub(7)
        .and_then(|at| header.split_at_checked(at))
    {
        Some((media_type, mark)) if mark.eq_ignore_ascii_case(";base64") => (media_type, true),
        _ => (header, false),
    };
    let decoded: Vec<u8> = percent_decode_str(content).collect();
    let bytes = if is_base64 {
        decode(&String::from_utf8_lossy(&decoded))?
    } else {
        Bytes::from(decoded)
    };
    let media_type = if media_type.is_empty() {
        "text/plain;charset=US-ASCII"
    } else {
        media_type
    };
    Ok(File {
        bytes,
        filename: None,
        media_type: Some(media_type.to_owned()),
        otherwise: BYTES,
    })
}

fn decode(base64: &str) -> Result<Bytes, String> {
    let compact: String = base64.split_ascii_whitespace().collect();
    BASE64
        .decode(&compact)
        .or_else(|_| BASE64_URL.decode(&compact))
        .map(Bytes::from)
        .map_err(|error| format!("is not valid base64: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn file(value: &Value) -> (Vec<u8>, Option<String>) {
        let file = File::read(value).unwrap();
        (file.bytes.to_vec(), file.media_type)
    }

    #[test]
    fn a_plain_text_is_the_content() {
        assert_eq!(file(&json!("aGk=")), (b"aGk=".to_vec(), None));
    }

    #[test]
    fn a_data_uri_is_decoded() {
        assert_eq!(
            file(&json!("data:image/png;base64,aGk=")),
            (b"hi".to_vec(), Some("image/png".to_owned()))
        );
        assert_eq!(file(&json!("data:text/csv,a%2Cb")).0, b"a,b");
    }

    #[test]
    fn base64_is_read_in_both_alphabets_with_or_without_padding() {
        for spelling in ["+/8=", "+/8", "-_8=", "-_8", "+/\n8="] {
            assert_eq!(
                file(&json!({"base64": spelling})).0,
                [0xfb, 0xff],
                "{spelling}"
            );
        }
    }

    #[test]
    fn what_is_no_file_is_refused() {
        for value in [
            json!(1),
            json!({}),
            json!({"base64": "!"}),
            json!({"base64": "", "text": ""}),
        ] {
            assert!(File::read(&value).is_err(), "{value}");
        }
    }

    #[test]
    fn short_and_odd_texts_do_not_panic() {
        for text in [
            "",
            "data",
            "data:",
            "data:,",
            "dätä:x",
            "data:é,x",
            "data:;bäse64,x",
        ] {
            assert!(File::read(&json!(text)).is_ok(), "{text}");
        }
    }
}
