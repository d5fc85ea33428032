//! The message in an error page for people, or in an XML error.

use html_escape::decode_html_entities;

use super::text::shorten;
use crate::credential::Redactor;

/// The longest title of a page that is reported, in characters.
const LONGEST: usize = 200;
/// The longest prefix of a namespace that is looked at, in bytes.
const LONGEST_PREFIX: usize = 100;
/// The bytes of a text in which its message is looked for.
const MOST: usize = 64 * 1024;

/// The parts of an error in markup.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Markup {
    pub(super) message: Option<String>,
    pub(super) code: Option<String>,
    pub(super) request_id: Option<String>,
}

/// Reads an HTML page, whose title says the most, or an XML error such as `<Error><Code>…` or a
/// SOAP fault. Returns `None` for any other text.
pub(super) fn read(media_type: &str, text: &str, redactor: &Redactor) -> Option<Markup> {
    let text = &text[..text.floor_char_boundary(MOST)];
    let elements = Elements {
        text,
        lower: text.to_ascii_lowercase(),
        redactor,
    };
    if is_html(media_type, &elements.lower) {
        let title = elements.first(&["title", "h1"]);
        let message = match title {
            Some(title) => format!("The API answered with an HTML page: {title}"),
            None => "The API answered with an HTML page".to_owned(),
        };
        return Some(Markup {
            message: Some(message),
            ..Markup::default()
        });
    }
    if !is_xml(media_type, &elements.lower) {
        return None;
    }
    let messages = [
        "message",
        "faultstring",
        "text",
        "detail",
        "description",
        "title",
    ];
    Some(Markup {
        message: elements.first(&messages),
        code: elements.first(&["code", "faultcode"]),
        request_id: elements.first(&["requestid"]),
    })
}

fn is_html(media_type: &str, lower: &str) -> bool {
    let start = lower.trim_start();
    media_type.starts_with("text/html")
        || media_type.starts_with("application/xhtml")
        || start.starts_with("<!doctype html")
        || start.starts_with("<html")
}

fn is_xml(media_type: &str, lower: &str) -> bool {
    let start = lower.trim_start();
    start.starts_with("<?xml") || (media_type.contains("xml") && start.starts_with('<'))
}

struct Elements<'a> {
    text: &'a str,
    /// The text in lower case, byte for byte.
    lower: String,
    redactor: &'a Redactor,
}

impl Elements<'_> {
    /// The text of the first element that has one of these names, in the order of the names.
    fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.element(name))
    }

    fn element(&self, name: &str) -> Option<String> {
        let mut at = 0;
        loop {
            // A prefix of a namespace, as in `soap:Code`, is not part of the name.
            let found = at + self.lower.get(at..)?.find(name)?;
            at = found + name.len();
            let begins = self.lower[..found].ends_with(['<', ':']);
            let ends = self
                .lower
                .get(at..)?
                .starts_with(['>', ' ', '\t', '\r', '\n']);
            if begins && ends && !self.is_end(found) {
                break;
            }
        }
        let start = at + self.lower.get(at..)?.find('>')? + 1;
        let length = self.lower.get(start..)?.find(&format!("{name}>"))?;
        let end = self.lower[..start + length].rfind("</")?;
        let inside = without_tags(self.text.get(start..end)?);
        let mut text = decode_html_entities(&inside).into_owned();
        // A secret may appear as such only where the tags and entities within it are gone.
        self.redactor.string(&mut text);
        let text = shorten(&text, LONGEST);
        (!text.is_empty()).then_some(text)
    }

    /// Returns true for a name that a tag does not begin with, but for the prefix of a namespace.
    fn is_end(&self, at: usize) -> bool {
        let of_name = |it: char| it.is_ascii_alphanumeric() || matches!(it, ':' | '-' | '_' | '.');
        let from = self
            .lower
            .floor_char_boundary(at.saturating_sub(LONGEST_PREFIX));
        let before = self.lower[from..at].trim_end_matches(of_name);
        !before.ends_with('<')
    }
}

fn without_tags(markup: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for character in markup.chars() {
        match character {
            '<' => in_tag = true,
            '>' => in_tag = false,
            other if !in_tag => text.push(other),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn read(media_type: &str, text: &str) -> Option<Markup> {
        super::read(media_type, text, &Redactor::new(Arc::default()))
    }

    #[test]
    fn a_page_is_named_by_its_title() {
        let page = "<!DOCTYPE html><html><head><title>502 <b>Bad</b>\nGateway &amp; more</title>";
        assert_eq!(
            read("text/html", page).unwrap().message.unwrap(),
            "The API answered with an HTML page: 502 Bad Gateway & more"
        );
        for broken in [
            "<html><title",
            "<html><title>",
            "<html><title>é</titlé",
            "<html",
            "<html></title><title",
        ] {
            let message = read("text/html", broken).unwrap().message;
            assert!(message.is_some(), "{broken}");
        }
    }

    #[test]
    fn xml_errors_have_a_code_a_message_and_an_id() {
        let error = "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code>\
                     <Message>No such key: a &lt; b</Message><RequestId>4442</RequestId></Error>";
        let expected = Markup {
            message: Some("No such key: a < b".to_owned()),
            code: Some("NoSuchKey".to_owned()),
            request_id: Some("4442".to_owned()),
        };
        assert_eq!(read("application/xml", error), Some(expected));
        let fault = "<soap:Envelope><soap:Body><faultcode>soap:Client</faultcode>\
                     <faultstring xml:lang=\"en\">Bad date</faultstring>";
        let fault = read("text/xml; charset=utf-8", fault).unwrap();
        assert_eq!(fault.message.as_deref(), Some("Bad date"));
        assert_eq!(fault.code.as_deref(), Some("soap:Client"));
        assert_eq!(read("text/plain", "a < b"), None);
    }
}
