//! Each form of a secret, and what is left of a text without it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::*;

const WHOLE: Edges = Edges {
    begins_within: false,
    ends_within: false,
};
const CUT: Edges = Edges {
    begins_within: false,
    ends_within: true,
};
const PART: Edges = Edges {
    begins_within: true,
    ends_within: true,
};

fn redactor(secrets: &[&str]) -> Redactor {
    let secrets: Vec<_> = secrets.iter().map(|text| Secret::new(text)).collect();
    Redactor::new(Arc::new(Secrets::default().with(&secrets)))
}

#[test]
fn a_secret_is_marked_in_whatever_form_it_is_repeated() {
    let redactor = redactor(&[r#"pa/ss "word"+1"#]);
    for (text, expected) in [
        (r#"key pa/ss "word"+1!"#, "key [secret]!"),
        (r#"{"key":"pa/ss \"word\"+1"}"#, r#"{"key":"[secret]"}"#),
        (r#"\u0070a\/ss \"word\"\u002b1."#, "[secret]."),
        ("?key=pa%2Fss%20%22word%22%2B1&a", "?key=[secret]&a"),
        ("?key=pa%2fss%20%22word%22%2b1&a", "?key=[secret]&a"),
        ("key=pa%2Fss+%22word%22%2B1", "key=[secret]"),
        (
            "next=%2Fa%3Fkey%3Dpa%252Fss%2520%2522word%2522%252B1",
            "next=%2Fa%3Fkey%3D[secret]",
        ),
        ("<b>pa/ss &quot;word&#34;+1</b>", "<b>[secret]</b>"),
        ("70612f73732022776f7264222b31.", "[secret]."),
        ("nothing of it", "nothing of it"),
    ] {
        assert_eq!(redactor.text(text.into(), WHOLE), expected);
    }
}

#[test]
fn a_secret_is_found_in_base64_wherever_it_begins() {
    let redactor = redactor(&["correct horse battery"]);
    for before in ["", "a", "ab", "abc", "user:"] {
        for engine in [&STANDARD, &URL_SAFE] {
            let text = engine.encode(format!("{before}correct horse battery, and more"));
            let marked = redactor.text(text.into(), WHOLE).into_owned();
            let (_, rest) = marked.split_once(MARK).unwrap();
            // Not a whole character is left of either end.
            assert!(marked.find(MARK).unwrap() <= before.len().div_ceil(3) * 4);
            assert!(
                rest.len() <= ", and more".len().div_ceil(3) * 4 + 4,
                "{marked}"
            );
        }
    }
}

#[test]
fn what_is_too_short_to_be_distinguished_from_other_text_stays() {
    for short in ["a", "key", "1234567"] {
        let text = format!("a key of {short}");
        assert_eq!(redactor(&[short]).text(text.as_str().into(), CUT), text);
    }
}

#[test]
fn secrets_that_overlap_are_marked_as_one() {
    let redactor = redactor(&["abcdefgh-12", "12-ijklmnop", "cdefgh-12-ij"]);
    let text = "(abcdefgh-12-ijklmnop)";
    assert_eq!(redactor.text(text.into(), WHOLE), "([secret])");
}

#[test]
fn the_beginning_of_a_secret_is_marked_where_a_text_was_cut() {
    let redactor = redactor(&["sk/live-123456"]);
    for (text, expected) in [
        ("key: sk/live-1", "key: [secret]"),
        (r"key: sk\/li", "key: [secret]"),
        (r"key: \u0073k/live-\u00", "key: [secret]"),
        ("key: sk%2Fliv%6", "key: [secret]"),
        ("key: sk/live\u{fffd}", "key: [secret]"),
        ("key: sk/", "key: sk/"),
        ("sk/live, and more", "sk/live, and more"),
    ] {
        assert_eq!(redactor.text(text.into(), CUT), expected);
    }
    assert_eq!(
        redactor.text("key: sk/live-1".into(), WHOLE),
        "key: sk/live-1"
    );
}

#[test]
fn the_end_of_a_secret_is_marked_where_a_part_begins() {
    let redactor = redactor(&["sk/live-123456"]);
    for (text, expected) in [
        ("-123456\"}", "[secret]\"}"),
        ("k%2Flive-123456&a", "[secret]&a"),
        ("56 and 123456", "56 and 123456"),
    ] {
        assert_eq!(redactor.text(text.into(), PART), expected);
    }
}

#[test]
fn a_token_is_marked_from_its_known_beginning_to_its_end() {
    let secrets = Secrets::default().with_beginning("eyJhbGciOiJFZERTQSJ9");
    let redactor = Redactor::new(Arc::new(secrets));
    let text = "On-Behalf-Of: eyJhbGciOiJFZERTQSJ9.eyJhIjoxfQ.c2ln-_5h, and more";
    let expected = "On-Behalf-Of: [secret], and more";
    assert_eq!(redactor.text(text.into(), WHOLE), expected);
}

#[test]
fn a_secret_at_any_place_of_a_long_text_is_found() {
    let secret = "sk/live-123456";
    let redactor = redactor(&[secret]);
    let escaped: String = secret
        .bytes()
        .map(|byte| format!("\\u{byte:04x}"))
        .collect();
    for before in (WINDOW - 90..WINDOW + 10).step_by(3) {
        let (filler, end) = (" ".repeat(before), " ".repeat(WINDOW));
        for form in [secret, &escaped] {
            let marked = redactor.text(format!("{filler}{form}{end}").into(), WHOLE);
            assert_eq!(marked, format!("{filler}[secret]{end}"));
        }
    }
}

#[test]
fn names_that_become_alike_are_all_kept() {
    let redactor = redactor(&["sk-11111111", "sk-22222222"]);
    let mut value = serde_json::json!({"sk-11111111": 1, "sk-22222222": 2, "a": 3});
    redactor.value(&mut value);
    let expected = serde_json::json!({"[secret]": 1, "[secret] 2": 2, "a": 3});
    assert_eq!(value, expected);
}

#[test]
fn bytes_that_are_no_text_keep_their_length() {
    let redactor = redactor(&["sk-11111111"]);
    let bytes = Bytes::from_static(
        b"\xff\x00sk-11111111\xfe s\0k\0-\x001\x001\x001\x001\x001\x001\x001\x001\0",
    );
    let blanked = redactor.bytes(&bytes, WHOLE);
    assert_eq!(blanked.len(), bytes.len());
    let blanks = blanked.iter().filter(|byte| **byte == b'*').count();
    assert_eq!(blanks, 11 + 22);
    assert!(blanked.starts_with(b"\xff\x00***********\xfe "));
}
