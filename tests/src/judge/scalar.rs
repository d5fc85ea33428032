//! Numbers and texts as a schema describes them.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

/// A number between the bounds, a multiple where one is wanted.
pub(super) fn number(flat: &Map<String, Value>, index: usize) -> Option<Value> {
    let bound = |keyword: &str| flat.get(keyword).and_then(Value::as_f64);
    let step = bound("multipleOf")
        .filter(|step| *step > 0.0)
        .unwrap_or(1.0);
    let least = bound("minimum").or(bound("exclusiveMinimum").map(|least| least + step));
    let most = bound("maximum").or(bound("exclusiveMaximum").map(|most| most - step));
    let start = match (least, most) {
        (Some(least), Some(most)) if least > most => return None,
        (Some(least), _) if least > 0.0 => (least / step).ceil() * step,
        (_, Some(most)) if most < step => most,
        _ => step,
    };
    let next = start + step * index as f64;
    let value = if most.is_some_and(|most| next > most) {
        start
    } else {
        next
    };
    match value.fract() == 0.0 && value.abs() < 9e15 {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
        true => Some(Value::from(value as i64)),
        false => Some(json!(value)),
    }
}

/// A text of the format or pattern, as long as it has to be.
pub(super) fn string(flat: &Map<String, Value>, index: usize) -> Option<String> {
    let bound = |keyword: &str| {
        let bound = flat.get(keyword).and_then(Value::as_u64);
        bound.and_then(|bound| usize::try_from(bound).ok())
    };
    let (least, most) = (bound("minLength").unwrap_or(0), bound("maxLength"));
    let format = flat.get("format").and_then(Value::as_str);
    let of_format = format.and_then(|format| of_format(format, index));
    let pattern = flat.get("pattern").and_then(Value::as_str);
    let expression = pattern.and_then(|pattern| regress::Regex::new(pattern).ok());
    if let (Some(text), Some(expression)) = (&of_format, &expression)
        && expression.find(text).is_some()
    {
        return of_format;
    }
    if let Some(pattern) = pattern
        && let Some(text) = matching(pattern, index, least, most)
    {
        return Some(text);
    }
    if of_format.is_some() {
        return of_format;
    }
    // A reserved character, to see whether it arrives as itself.
    let mut text = format!("text+{index}");
    while text.chars().count() < least {
        text.push('x');
    }
    Some(text.chars().take(most.unwrap_or(usize::MAX)).collect())
}

fn of_format(format: &str, index: usize) -> Option<String> {
    let day = index % 27 + 1;
    Some(match format {
        "date" => format!("2026-01-{day:02}"),
        "date-time" => format!("2026-01-{day:02}T10:00:00Z"),
        "time" => format!("10:00:{day:02}Z"),
        "duration" => format!("P{day}D"),
        "email" | "idn-email" => format!("name{index}@example.com"),
        "hostname" | "idn-hostname" => format!("host{index}.example.com"),
        "ipv4" => format!("192.0.2.{day}"),
        "ipv6" => format!("2001:db8::{day}"),
        "uri" | "url" | "iri" => format!("https://example.com/{index}"),
        "uri-reference" | "iri-reference" => format!("/path/{index}"),
        "uuid" => format!("3fa85f64-5717-4562-b3fc-{day:012}"),
        "byte" | "base64" => "aGVsbG8=".to_owned(),
        "json-pointer" => format!("/a/{index}"),
        "regex" => "^a*$".to_owned(),
        "int32" | "int64" => format!("{day}"),
        _ => return None,
    })
}

/// A text that matches `pattern` and is of the right length, if one is soon found: of those that
/// are, the one after so many.
fn matching(pattern: &str, after: usize, least: usize, most: Option<usize>) -> Option<String> {
    let expression = regress::Regex::new(pattern).ok();
    // What is made matches as a whole, so anchors say nothing; and only ASCII is made.
    let ascii = pattern
        .replace("\\d", "[0-9]")
        .replace("\\w", "[A-Za-z0-9_]");
    let ascii = ascii.replace("\\b", "").replace("\\s", " ");
    let strategy = proptest::string::string_regex(&without_anchors(&ascii)).ok()?;
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let printable = |c: char| c == ' ' || c.is_ascii_graphic();
    let fits = |text: &String| {
        let length = text.chars().count();
        length >= least
            && length <= most.unwrap_or(256)
            && text.chars().all(printable)
            && expression
                .as_ref()
                .is_none_or(|one| one.find(text).is_some())
    };
    let texts = (0..200).filter_map(|_| Some(strategy.new_tree(&mut runner).ok()?.current()));
    texts.filter(fits).nth(after)
}

/// The pattern without `^` and `$`, where these are no characters of a class.
fn without_anchors(pattern: &str) -> String {
    let (mut text, mut in_class, mut escaped) = (String::new(), false, false);
    for c in pattern.chars() {
        let is_anchor = matches!(c, '^' | '$') && !in_class && !escaped;
        match c {
            '[' if !escaped => in_class = true,
            ']' if !escaped => in_class = false,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        if !is_anchor {
            text.push(c);
        }
    }
    text
}
