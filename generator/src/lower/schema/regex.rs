//! Regular expressions of ECMA-262 with the flag `u`, token by token, written so that other dialects
//! read them as well.

/// A part of a regular expression, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// `^`
    Start,
    /// `$`
    End,
    /// `|`
    Or,
    /// A character, an escape, or a class.
    Atom(String),
    /// The beginning of a group: `(`, `(?:`, `(?=` …
    Open(String),
    /// `)`
    Close,
    /// `*`, `+?`, `{2,3}` …
    Repeat(String),
}

impl Token {
    pub(crate) fn text(&self) -> &str {
        match self {
            Token::Start => "^",
            Token::End => "$",
            Token::Or => "|",
            Token::Close => ")",
            Token::Atom(text) | Token::Open(text) | Token::Repeat(text) => text,
        }
    }

    /// Whether a group that begins so looks ahead or behind.
    pub(crate) fn looks_around(&self) -> bool {
        matches!(self, Token::Open(text) if matches!(text.as_str(), "(?=" | "(?!" | "(?<=" | "(?<!"))
    }
}

/// The text of tokens.
pub(crate) fn text(tokens: &[Token]) -> String {
    tokens.iter().map(Token::text).collect()
}

/// The tokens of a pattern, which is known to be one, each written as JavaScript, Python and Rust
/// read it. None where a part has no such form: Unicode properties, references to groups, a set of
/// nothing, lone surrogates.
pub(crate) fn tokens(pattern: &str) -> Option<Vec<Token>> {
    let mut reader = Reader {
        rest: pattern.chars().collect(),
        at: 0,
    };
    let mut tokens = Vec::new();
    while let Some(c) = reader.next() {
        tokens.push(match c {
            '^' => Token::Start,
            '$' => Token::End,
            '|' => Token::Or,
            ')' => Token::Close,
            '(' => Token::Open(reader.open()),
            '[' => Token::Atom(reader.class()?),
            '\\' => Token::Atom(reader.escape(false)?),
            '*' | '+' | '?' | '{' => Token::Repeat(reader.repeat(c)),
            other => Token::Atom(other.to_string()),
        });
    }
    Some(tokens)
}

struct Reader {
    rest: Vec<char>,
    at: usize,
}

impl Reader {
    fn next(&mut self) -> Option<char> {
        let next = self.peek(0);
        self.at += 1;
        next
    }

    fn peek(&self, further: usize) -> Option<char> {
        self.rest.get(self.at + further).copied()
    }

    fn takes(&mut self, text: &str) -> bool {
        let is_next = text
            .chars()
            .enumerate()
            .all(|(index, c)| self.peek(index) == Some(c));
        if is_next {
            self.at += text.chars().count();
        }
        is_next
    }

    /// The rest of a group's beginning. The name of one is left out.
    fn open(&mut self) -> String {
        for kind in ["?:", "?=", "?!", "?<=", "?<!"] {
            if self.takes(kind) {
                return format!("({kind}");
            }
        }
        if self.takes("?<") {
            while self.next().is_some_and(|c| c != '>') {}
            return "(".to_owned();
        }
        if self.takes("?") {
            // Flags (ECMAScript 2025).
            let mut flags = "(?".to_owned();
            while let Some(c) = self.next() {
                flags.push(c);
                if c == ':' {
                    break;
                }
            }
            return flags;
        }
        "(".to_owned()
    }

    fn repeat(&mut self, first: char) -> String {
        let mut text = first.to_string();
        if first == '{' {
            while let Some(c) = self.next() {
                text.push(c);
                if c == '}' {
                    break;
                }
            }
        }
        if self.takes("?") {
            text.push('?');
        }
        text
    }

    fn class(&mut self) -> Option<String> {
        if self.takes("^]") {
            return Some(r"[\s\S]".to_owned());
        }
        if self.takes("]") {
            return None;
        }
        let mut class = "[".to_owned();
        if self.takes("^") {
            class.push('^');
        }
        let start = class.len();
        loop {
            let next = match self.next()? {
                ']' => break,
                '[' => r"\[".to_owned(),
                '\\' => self.escape(true)?,
                other => other.to_string(),
            };
            // Rust reads two of these as an operation on sets.
            let doubled = match next.as_str() {
                "&" => Some(r"\x26"),
                "-" => Some(r"\-"),
                "~" => Some(r"\x7e"),
                _ => None,
            };
            let before = class.get(start..).unwrap_or_default();
            match doubled {
                Some(escaped) if before.ends_with(&next) || before.ends_with(escaped) => {
                    class.push_str(escaped);
                }
                _ => class.push_str(&next),
            }
        }
        class.push(']');
        Some(class)
    }

    /// What follows a backslash.
    fn escape(&mut self, in_class: bool) -> Option<String> {
        match self.next()? {
            'p' | 'P' | 'k' => None,
            'b' if in_class => Some(r"\x08".to_owned()),
            '0' => Some(r"\x00".to_owned()),
            '1'..='9' => None,
            'c' => {
                let letter = u32::from(self.next()?) % 32;
                Some(format!("\\x{letter:02x}"))
            }
            'u' => self.code_point(),
            other => Some(format!("\\{other}")),
        }
    }

    /// What follows `\u`: a code point in braces, four digits, or two times four of a pair.
    fn code_point(&mut self) -> Option<String> {
        let mut digits = String::new();
        let is_long = self.takes("{");
        while is_long && self.peek(0).is_some_and(|c| c != '}') {
            digits.extend(self.next());
        }
        if is_long {
            self.at += 1;
        } else {
            for _ in 0..4 {
                digits.extend(self.next());
            }
        }
        let mut code = u32::from_str_radix(&digits, 16).ok()?;
        if (0xd800..0xdc00).contains(&code) && self.takes("\\u") {
            let low: String = (0..4).filter_map(|_| self.next()).collect();
            let low = u32::from_str_radix(&low, 16).ok()?;
            code = 0x10000 + ((code - 0xd800) << 10) + low.checked_sub(0xdc00)?;
        }
        let c = char::from_u32(code)?;
        if code > 0xffff {
            return Some(c.to_string());
        }
        Some(format!("\\u{code:04x}"))
    }
}

/// A pattern as several that have to match, and others that must not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) all: Vec<String>,
    pub(crate) none: Vec<String>,
}

/// A pattern that looks ahead or behind, as patterns that do not and together match the same texts.
/// That is possible where it looks from a place that is the same in all matches: so many characters
/// behind its beginning, or its end.
pub(crate) fn split(tokens: &[Token]) -> Option<Split> {
    if top_level(tokens).any(|(_, token)| *token == Token::Or) {
        return None;
    }
    let mut split = Split {
        all: Vec::new(),
        none: Vec::new(),
    };
    let mut rest = tokens.to_vec();
    while let Some((open, close)) = ahead(&rest) {
        let found: Vec<Token> = rest.drain(open..=close).collect();
        let (kind, inner) = inside(&found)?;
        let before = rest.get(..open)?;
        let pattern = format!("{}{}", text(before), grouped(inner));
        match kind {
            "(?=" => split.all.push(pattern),
            "(?!" => split.none.push(pattern),
            _ => return None,
        }
    }
    while let Some((open, close)) = behind(&rest) {
        let found: Vec<Token> = rest.drain(open..=close).collect();
        let (kind, inner) = inside(&found)?;
        let pattern = format!("{}$", grouped(inner));
        match kind {
            "(?<=" => split.all.push(pattern),
            "(?<!" => split.none.push(pattern),
            _ => return None,
        }
    }
    if rest.iter().any(Token::looks_around) {
        return None;
    }
    split.all.insert(0, text(&rest));
    Some(split)
}

/// The beginning of a group that looks ahead, and what it looks for, where that looks no further.
fn inside(group: &[Token]) -> Option<(&str, &[Token])> {
    let [Token::Open(kind), inner @ .., Token::Close] = group else {
        return None;
    };
    (!inner.iter().any(Token::looks_around)).then_some((kind.as_str(), inner))
}

/// The text of tokens, as one part of a pattern.
fn grouped(tokens: &[Token]) -> String {
    let alternatives = top_level(tokens).any(|(_, token)| *token == Token::Or);
    match alternatives {
        true => format!("(?:{})", text(tokens)),
        false => text(tokens),
    }
}

/// The first group that looks ahead from a place that is the same in all matches.
fn ahead(tokens: &[Token]) -> Option<(usize, usize)> {
    if tokens.first() != Some(&Token::Start) {
        return None;
    }
    for (index, token) in tokens.iter().enumerate().skip(1) {
        match token {
            Token::Atom(_) => {}
            Token::Open(kind) if kind == "(?=" || kind == "(?!" => {
                let close = closing(tokens, index)?;
                let is_repeated = matches!(tokens.get(close + 1), Some(Token::Repeat(_)));
                return (!is_repeated).then_some((index, close));
            }
            _ => return None,
        }
        if matches!(tokens.get(index + 1), Some(Token::Repeat(_))) {
            return None;
        }
    }
    None
}

/// The last group that looks behind from the end.
fn behind(tokens: &[Token]) -> Option<(usize, usize)> {
    let close = match tokens {
        [.., Token::Close, Token::End] => tokens.len().checked_sub(2)?,
        _ => return None,
    };
    let open = (0..close)
        .rev()
        .find(|index| closing(tokens, *index) == Some(close))?;
    let kind = tokens.get(open)?;
    let is_behind = matches!(kind, Token::Open(kind) if kind == "(?<=" || kind == "(?<!");
    is_behind.then_some((open, close))
}

/// Where the group that begins at `open` ends.
fn closing(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::Open(_) => depth += 1,
            Token::Close => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(index);
                }
            }
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The tokens outside of groups.
fn top_level(tokens: &[Token]) -> impl Iterator<Item = (usize, &Token)> {
    let mut depth = 0_usize;
    tokens.iter().enumerate().filter(move |(_, token)| {
        match token {
            Token::Open(_) => depth += 1,
            Token::Close => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    })
}
