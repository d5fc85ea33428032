//! `application/x-www-form-urlencoded`, read strictly: what is not right is said, not mended.

use percent_encoding::percent_decode_str;

/// The pairs of a query or a form, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs(Vec<(String, String)>);

/// The most pairs that are read. No form or query of ours comes near it.
const MAX_PAIRS: usize = 256;

/// The text is not urlencoded UTF-8, contains NUL, or has very many pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// A parameter is there more than once (RFC 6749 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Repeated;

impl Pairs {
    /// Reads a query or a form.
    ///
    /// # Errors
    /// Where a `%` is not followed by two hexadecimal digits, what is encoded is not UTF-8 or contains
    /// NUL, or there are more than 256 pairs.
    pub(crate) fn parse(text: &str) -> Result<Pairs, Malformed> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        if pairs.clone().nth(MAX_PAIRS).is_some() {
            return Err(Malformed);
        }
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        });
        pairs.collect::<Result<_, _>>().map(Pairs)
    }

    /// The value of a parameter; one without a value counts as absent (RFC 6749 §3.1).
    ///
    /// # Errors
    /// Where it is there more than once.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, Repeated> {
        let mut values = self.all(name);
        let first = values.next();
        match values.next() {
            Some(_) => Err(Repeated),
            None => Ok(first.filter(|value| !value.is_empty())),
        }
    }

    /// The value of a field of a form of ours: the empty text where it is absent.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// All pairs, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// All values of a parameter.
    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let pairs = self.0.iter().filter(move |(it, _)| it == name);
        pairs.map(|(_, value)| value.as_str())
    }
}

fn decode(text: &str) -> Result<String, Malformed> {
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let digits = rest.as_bytes().get(at + 1..at + 3).ok_or(Malformed)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(Malformed);
        }
        rest = &rest[at + 3..];
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    let decoded = decoded.map_err(|_| Malformed)?;
    match decoded.contains('\0') {
        true => Err(Malformed),
        false => Ok(decoded.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded() {
        let pairs = Pairs::parse("a=x+y%2B&b&c=%C3%A9").unwrap();
        assert_eq!(pairs.one("a"), Ok(Some("x y+")));
        assert_eq!(pairs.one("b"), Ok(None));
        assert_eq!(pairs.one("c"), Ok(Some("é")));
    }

    #[test]
    fn what_is_not_encoded_right_is_refused() {
        for wrong in ["a=%", "a=%4", "a=%zz", "a=%ff", "%é=a", "a=%00"] {
            assert!(Pairs::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn very_many_pairs_are_refused() {
        assert!(Pairs::parse(&"a&".repeat(MAX_PAIRS)).is_ok());
        assert!(Pairs::parse(&"a&".repeat(MAX_PAIRS + 1)).is_err());
    }

    #[test]
    fn a_parameter_given_twice_is_reported() {
        assert_eq!(Pairs::parse("a=1&a=1").unwrap().one("a"), Err(Repeated));
    }
}
