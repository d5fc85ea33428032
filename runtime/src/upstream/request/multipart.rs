//! `multipart/form-data` (RFC 7578) with the defaults of OpenAPI's Encoding Object: a scalar is a
//! part of text, an object a part of JSON, an array repeats its name for each item, a file is a
//! part with a file name. Where the description sets a style, each of its pairs is a part.

use bytes::Bytes;
use serde_json::Value;

use super::escape::Escape;
use super::file::File;
use super::style::{self, Rule};
use crate::http::Piece;
use crate::operation::Encoding;
use crate::upstream::{Uploads, media_type};

/// Parts being collected.
#[derive(Debug, Default)]
pub(super) struct Parts<'u> {
    parts: Vec<Part>,
    uploads: Option<&'u Uploads>,
}

#[derive(Debug)]
struct Part {
    head: String,
    content: Piece,
}

impl<'u> Parts<'u> {
    /// Parts of which some may be uploads.
    pub(super) fn of(uploads: &'u Uploads) -> Parts<'u> {
        Parts {
            parts: Vec::new(),
            uploads: Some(uploads),
        }
    }

    /// Adds a property.
    pub(super) fn add(
        &mut self,
        name: &str,
        value: &Value,
        encoding: &Encoding,
    ) -> Result<(), String> {
        if let (Some(style), false) = (encoding.style, encoding.binary) {
            let rule = Rule {
                name,
                style,
                explode: encoding.explode,
                item_styles: encoding.item_styles,
                escape: Escape::None,
            };
            for (name, value) in rule.pairs(value)? {
                let content = Piece::Bytes(Bytes::from(value));
                self.push(&name, None, None, encoding.headers, content)?;
            }
            return Ok(());
        }
        match value {
            Value::Null => {}
            Value::Array(items) => {
                for item in items {
                    if !item.is_null() {
                        self.one(name, item, encoding)?;
                    }
                }
            }
            value => self.one(name, value, encoding)?,
        }
        Ok(())
    }

    fn one(&mut self, name: &str, value: &Value, encoding: &Encoding) -> Result<(), String> {
        let declared = encoding.content_type.and_then(concrete);
        let upload = self.uploads.and_then(|uploads| uploads.find(value));
        if let (true, Some(upload)) = (encoding.binary, upload) {
            let own = upload.media_type.as_deref().or(declared);
            let media_type = Some(own.unwrap_or("application/octet-stream"));
            let filename = Some(upload.filename.as_deref().unwrap_or(name));
            let content = upload.content.clone();
            self.push(name, filename, media_type, encoding.headers, content)
        } else if encoding.binary {
            let file = File::read(value)?;
            let media_type = file
                .media_type
                .as_deref()
                .or(declared)
                .unwrap_or(file.otherwise);
            let filename = file.filename.as_deref().unwrap_or(name);
            let (filename, media_type) = (Some(filename), Some(media_type));
            let content = Piece::Bytes(file.bytes);
            self.push(name, filename, media_type, encoding.headers, content)
        } else {
            let structured = value.is_object() || value.is_array();
            let media_type = declared.or(structured.then_some("application/json"));
            let text = match media_type {
                Some(media_type) if media_type::is_json(media_type) => value.to_string(),
                _ => style::text(value).unwrap_or_default().into_owned(),
            };
            let content = Piece::Bytes(Bytes::from(text));
            self.push(name, None, media_type, encoding.headers, content)
        }
    }

    fn push(
        &mut self,
        name: &str,
        filename: Option<&str>,
        media_type: Option<&str>,
        headers: &[(&str, &str)],
        content: Piece,
    ) -> Result<(), String> {
        let mut head = format!("Content-Disposition: form-data; name=\"{}\"", quoted(name));
        if let Some(filename) = filename {
            head.push_str(&format!("; filename=\"{}\"", quoted(filename)));
        }
        if let Some(media_type) = media_type {
            if http::HeaderValue::from_str(media_type).is_err() {
                return Err("has a `content_type` that cannot be sent".to_owned());
            }
            head.push_str(&format!("\r\nContent-Type: {media_type}"));
        }
        for (name, value) in headers {
            if http::HeaderName::from_bytes(name.as_bytes()).is_err()
                || http::HeaderValue::from_str(value).is_err()
            {
                return Err(format!("has a part whose header {name:?} cannot be sent"));
            }
            head.push_str(&format!("\r\n{name}: {value}"));
        }
        self.parts.push(Part { head, content });
        Ok(())
    }

    /// The boundary and the body, in one piece where no part is an upload. `seed` makes the boundary; it is
    /// lengthened until no part contains it, so the same parts and seed make the same bytes. What is in an
    /// upload was there before the seed.
    pub(super) fn finish(self, seed: &str) -> (String, Vec<Piece>) {
        let mut boundary = String::from("----boundary");
        // RFC 2046 §5.1.1: at most 70 characters; these need no quotes in the header.
        boundary.extend(seed.chars().filter(char::is_ascii_alphanumeric).take(40));
        let mut attempt = 0_u32;
        let base = boundary.clone();
        while self
            .parts
            .iter()
            .any(|part| part.contains(boundary.as_bytes()))
        {
            attempt += 1;
            boundary = format!("{base}{attempt}");
        }
        let mut pieces = Vec::new();
        let mut body = Vec::new();
        for part in self.parts {
            body.extend_from_slice(format!("--{boundary}\r\n{}\r\n\r\n", part.head).as_bytes());
            match part.content {
                Piece::Bytes(bytes) => body.extend_from_slice(&bytes),
                file @ Piece::File(..) => {
                    pieces.push(Piece::Bytes(Bytes::from(std::mem::take(&mut body))));
                    pieces.push(file);
                }
            }
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        pieces.push(Piece::Bytes(Bytes::from(body)));
        (boundary, pieces)
    }
}

impl Part {
    fn contains(&self, boundary: &[u8]) -> bool {
        let content: &[u8] = match &self.content {
            Piece::Bytes(bytes) => bytes,
            Piece::File(..) => &[],
        };
        [self.head.as_bytes(), content].iter().any(|bytes| {
            bytes
                .windows(boundary.len())
                .any(|window| window == boundary)
        })
    }
}

/// A name between quotes, as browsers write it (WHATWG HTML, "multipart/form-data encoding
/// algorithm").
fn quoted(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The first of the media types that `contentType` lists, unless it is a range.
fn concrete(content_type: &str) -> Option<&str> {
    let first = content_type.split(',').next().unwrap_or_default().trim();
    (!first.is_empty() && !first.contains('*')).then_some(first)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::operation::Style;

    fn body(value: &Value, encoding: Encoding) -> String {
        let mut parts = Parts::default();
        parts.add("p", value, &encoding).unwrap();
        let (boundary, pieces) = parts.finish("");
        let [Piece::Bytes(bytes)] = pieces.as_slice() else {
            unreachable!("no part is an upload");
        };
        String::from_utf8(bytes.to_vec())
            .unwrap()
            .replace(&boundary, "B")
            .replace("\r\n", "\n")
    }

    #[test]
    fn scalars_are_text_and_objects_json() {
        assert_eq!(
            body(&json!(1.50), Encoding::DEFAULT),
            "--B\nContent-Disposition: form-data; name=\"p\"\n\n1.5\n--B--\n"
        );
        assert_eq!(
            body(&json!({"a": 1}), Encoding::DEFAULT),
            "--B\nContent-Disposition: form-data; name=\"p\"\nContent-Type: application/json\n\n\
             {\"a\":1}\n--B--\n"
        );
    }

    #[test]
    fn arrays_repeat_their_name() {
        assert_eq!(
            body(&json!(["a", "b"]), Encoding::DEFAULT)
                .matches("name=\"p\"")
                .count(),
            2
        );
    }

    #[test]
    fn a_file_has_name_and_type() {
        let value = json!({"base64": "aGk=", "filename": "a\"b.png", "content_type": "image/png"});
        assert_eq!(
            body(&value, Encoding::FILE),
            "--B\nContent-Disposition: form-data; name=\"p\"; filename=\"a%22b.png\"\n\
             Content-Type: image/png\n\nhi\n--B--\n"
        );
    }

    #[test]
    fn a_file_name_cannot_add_headers() {
        let value = json!({"text": "x", "filename": "a\r\nX: 1", "content_type": "text/plain"});
        assert!(body(&value, Encoding::FILE).contains("filename=\"a%0D%0AX: 1\""));
        let value = json!({"text": "x", "content_type": "text/plain\r\nX: 1"});
        assert!(Parts::default().add("p", &value, &Encoding::FILE).is_err());
    }

    #[test]
    fn no_part_contains_the_boundary() {
        let mut parts = Parts::default();
        parts
            .add(
                "p",
                &json!("----boundary7 ----boundary71"),
                &Encoding::DEFAULT,
            )
            .unwrap();
        assert_eq!(parts.finish("7").0, "----boundary72");
    }

    #[test]
    fn a_given_style_makes_a_part_of_each_pair() {
        let encoding = Encoding {
            style: Some(Style::DeepObject),
            ..Encoding::DEFAULT
        };
        assert!(body(&json!({"a": "b c"}), encoding).contains("name=\"p[a]\"\n\nb c\n"));
    }

    #[test]
    fn a_file_is_what_argument_or_description_or_its_form_say() {
        let csv = Encoding {
            content_type: Some("text/csv"),
            ..Encoding::FILE
        };
        let named = json!({"text": "x", "content_type": "text/html"});
        assert!(body(&named, csv).contains("Content-Type: text/html\n"));
        assert!(body(&json!("x"), csv).contains("Content-Type: text/csv\n"));
        assert!(
            body(&json!("x"), Encoding::FILE).contains("Content-Type: text/plain; charset=utf-8\n")
        );
    }

    #[test]
    fn a_declared_content_type_is_the_parts() {
        let encoding = Encoding {
            content_type: Some("application/xml, text/plain"),
            ..Encoding::DEFAULT
        };
        assert!(body(&json!("<a/>"), encoding).contains("Content-Type: application/xml\n\n<a/>"));
    }
}
