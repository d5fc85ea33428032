//! Integers that arguments write with a fraction of zeros or an exponent: `5.0`, `1e3`.

use serde_json::{Number, Value};

/// How many digits an integer is written out to.
const MAX_DIGITS: usize = 40;
/// How many such numbers of one call are looked at.
const MAX_NUMBERS: usize = 64;

/// The numbers in a value that are integers and not written as such, by their JSON pointers, with
/// their digits.
pub(super) fn in_another_form(value: &Value) -> Vec<(String, Number)> {
    let mut found = Vec::new();
    collect(value, &mut String::new(), &mut found);
    found
}

fn collect(value: &Value, at: &mut String, found: &mut Vec<(String, Number)>) {
    let end = at.len();
    match value {
        Value::Number(number) if found.len() < MAX_NUMBERS => {
            if let Some(digits) = digits(number.as_str()).and_then(|digits| digits.parse().ok()) {
                found.push((at.clone(), digits));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if item.is_number() || item.is_array() || item.is_object() {
                    at.push_str(&format!("/{index}"));
                    collect(item, at, found);
                    at.truncate(end);
                }
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                if member.is_number() || member.is_array() || member.is_object() {
                    at.push('/');
                    at.push_str(&name.replace('~', "~0").replace('/', "~1"));
                    collect(member, at, found);
                    at.truncate(end);
                }
            }
        }
        _ => {}
    }
}

/// The digits of a number of JSON that is an integer in another form.
fn digits(text: &str) -> Option<String> {
    if !text.contains(['.', 'e', 'E']) {
        return None;
    }
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => ("-", unsigned),
        None => ("", text),
    };
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let length = i64::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let length = usize::try_from(length)
        .ok()
        .filter(|length| *length <= MAX_DIGITS)?;
    let (kept, rest) = all.split_at_checked(length).unwrap_or((&all, ""));
    if rest.chars().any(|digit| digit != '0') {
        return None;
    }
    let kept = format!("{kept:0<length$}");
    match kept.trim_start_matches('0') {
        "" => Some("0".to_owned()),
        digits => Some(format!("{sign}{digits}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_in_other_forms_have_their_digits() {
        for (text, expected) in [
            ("5.0", Some("5")),
            ("1e3", Some("1000")),
            ("-1.5E+1", Some("-15")),
            ("1200e-2", Some("12")),
            ("0.0", Some("0")),
            ("-0.0", Some("0")),
            ("12345678901234567890.00", Some("12345678901234567890")),
            ("5", None),
            ("5.5", None),
            ("1e-3", None),
            ("1e300", None),
        ] {
            assert_eq!(digits(text).as_deref(), expected, "{text}");
        }
    }
}
