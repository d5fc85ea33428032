//! Words of texts and identifiers, as the index and queries have them: in lower case, without
//! accents, and stemmed.

use snowball_stemmers_rs::{Algorithm, Stemmer};

/// The shortest word that is stemmed, in bytes.
const STEMMED: usize = 4;
/// The longest word that is read, in bytes. A longer one is no word of a language.
const LONGEST: usize = 64;

/// The words of a text, as they are written: sequences of letters and digits. Of a script that puts
/// no spaces between words, it is a sequence of words.
pub(super) fn written(text: &str) -> impl Iterator<Item = &str> {
    text.split(|it: char| !it.is_alphanumeric())
        .flat_map(runs)
        .filter(|word| word.len() <= LONGEST || word.starts_with(is_unspaced))
}

/// The parts of a sequence of letters: those of scripts that put no spaces between words, and others.
fn runs(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let kind = is_unspaced(rest.chars().next()?);
        let end = rest.find(|it| is_unspaced(it) != kind);
        let (run, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        Some(run)
    })
}

/// Reports that a character is of a script that puts no spaces between words: Japanese or Chinese.
fn is_unspaced(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')
}

/// The words of a text.
pub(super) fn prose(text: &str) -> impl Iterator<Item = String> {
    written(text).flat_map(|word| spaced(fold(word)))
}

/// The words of an identifier or a path, whose words may be joined: `listForRepo`, `HTMLPage`.
pub(super) fn identifier(text: &str) -> impl Iterator<Item = String> {
    written(text)
        .flat_map(humps)
        .flat_map(|word| spaced(fold(word)))
}

/// The parts of a word that is written in camel case.
pub(super) fn humps(word: &str) -> Vec<&str> {
    let characters: Vec<(usize, char)> = word.char_indices().collect();
    let mut parts = Vec::new();
    let mut start = 0;
    for (place, window) in characters.windows(2).enumerate() {
        let [(_, left), (at, right)] = *window else {
            continue;
        };
        let after = characters.get(place + 2).map(|(_, next)| *next);
        let rises = !left.is_uppercase() && right.is_uppercase();
        // The last capital of several begins the next word.
        let ends =
            left.is_uppercase() && right.is_uppercase() && after.is_some_and(char::is_lowercase);
        if rises || ends {
            parts.extend(word.get(start..at));
            start = at;
        }
    }
    parts.extend(word.get(start..));
    parts
}

/// The word in lower case and without accents.
pub(super) fn fold(word: &str) -> String {
    let mut folded = String::with_capacity(word.len());
    for character in word.chars().flat_map(char::to_lowercase) {
        match character {
            'à'..='å' | 'ā' | 'ă' | 'ą' => folded.push('a'),
            'æ' => folded.push_str("ae"),
            'ç' | 'ć' | 'č' => folded.push('c'),
            'ď' | 'đ' => folded.push('d'),
            'è'..='ë' | 'ē' | 'ę' | 'ě' => folded.push('e'),
            'ğ' => folded.push('g'),
            'ì'..='ï' | 'ī' | 'ı' => folded.push('i'),
            'ł' => folded.push('l'),
            'ñ' | 'ń' | 'ň' => folded.push('n'),
            'ò'..='ö' | 'ø' | 'ō' | 'ő' => folded.push('o'),
            'œ' => folded.push_str("oe"),
            'ř' => folded.push('r'),
            'ś' | 'ş' | 'š' | 'ș' => folded.push('s'),
            'ß' => folded.push_str("ss"),
            'ť' | 'ţ' | 'ț' => folded.push('t'),
            'ù'..='ü' | 'ū' | 'ů' | 'ű' => folded.push('u'),
            'ý' | 'ÿ' => folded.push('y'),
            'ź' | 'ż' | 'ž' => folded.push('z'),
            // Combining accents.
            '\u{300}'..='\u{36f}' => {}
            other => folded.push(other),
        }
    }
    folded
}

/// The word, or the pairs of characters of a script that puts no spaces between words.
pub(super) fn spaced(word: String) -> Vec<String> {
    if !word.starts_with(is_unspaced) {
        return vec![word];
    }
    let characters: Vec<char> = word.chars().collect();
    if characters.len() < 3 {
        return vec![word];
    }
    characters
        .windows(2)
        .map(|pair| pair.iter().collect())
        .collect()
}

/// Reduces words to their stems, as those of English.
pub(super) struct Stems(Stemmer);

impl Stems {
    pub(super) fn new() -> Stems {
        Stems(Stemmer::create(Algorithm::English))
    }

    /// The stem of a folded word.
    pub(super) fn stem(&self, word: &str) -> String {
        if word.len() < STEMMED || !word.bytes().all(|it| it.is_ascii_lowercase()) {
            return word.to_owned();
        }
        self.0.stem(word).into_owned()
    }

    /// The term of two words that follow one another, as if they were written as one: a text with
    /// `web hooks` is found by `webhook`, and `pull requests` is one thing.
    pub(super) fn joined(&self, left: &str, right: &str) -> String {
        self.stem(&(self.stem(left) + right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_split_where_words_begin() {
        for (identifier, words) in [
            ("listForRepo", "list for repo"),
            ("getHTMLPage", "get html page"),
            ("bundles/list-for-shop", "bundles list for shop"),
            ("/shops/{owner}/bundlesV2", "shops owner bundles v2"),
            ("bundles.archiveItem", "bundles archive item"),
        ] {
            let found: Vec<_> = super::identifier(identifier).collect();
            assert_eq!(found.join(" "), words);
        }
    }

    #[test]
    fn words_are_folded_to_lower_case_without_accents() {
        assert_eq!(fold("Größe"), "grosse");
        assert_eq!(fold("Créer"), "creer");
        assert_eq!(fold("e\u{301}te\u{301}"), "ete");
    }

    #[test]
    fn scripts_without_spaces_are_read_in_pairs() {
        let found: Vec<_> = prose("リポジトリ").collect();
        assert_eq!(found, ["リポ", "ポジ", "ジト", "トリ"]);
        let found: Vec<_> = prose("APIキー").collect();
        assert_eq!(found, ["api", "キー"]);
        assert_eq!(prose(&"単語".repeat(40)).count(), 79);
    }

    #[test]
    fn joined_words_are_the_term_of_the_compound() {
        let stems = Stems::new();
        assert_eq!(stems.joined("web", "hooks"), stems.stem("webhook"));
        assert_eq!(
            stems.joined("pull", "requests"),
            stems.joined("pulls", "request")
        );
    }
}
