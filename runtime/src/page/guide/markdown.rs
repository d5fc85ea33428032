//! Markdown as HTML that a page can hold: no HTML of the text's own, no images, and links to http and https
//! and to this server alone.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
use url::Url;

use crate::text;

/// Renders a chapter of the guide. Its headings have ids, and its links to other chapters lead to their
/// pages.
pub(super) fn chapter(markdown: &str) -> String {
    let mut events: Vec<_> = events(markdown).collect();
    name_headings(&mut events);
    render(events)
}

/// Renders the description of a tool, which other people wrote. Its headings are paragraphs, so that the
/// page keeps its own outline.
pub(super) fn description(markdown: &str) -> String {
    let events = events(markdown).flat_map(|event| match event {
        Event::Start(Tag::Heading { .. }) => {
            vec![Event::Start(Tag::Paragraph), Event::Start(Tag::Strong)]
        }
        Event::End(TagEnd::Heading(_)) => {
            vec![Event::End(TagEnd::Strong), Event::End(TagEnd::Paragraph)]
        }
        event => vec![event],
    });
    render(events.collect())
}

/// Escapes text, so that Markdown reads it as text of one line.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' => escaped.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '&' | '~' => {
                escaped.push('\\');
                escaped.push(character);
            }
            character => escaped.push(character),
        }
    }
    escaped
}

fn render(events: Vec<Event<'_>>) -> String {
    let mut rendered = String::new();
    html::push_html(&mut rendered, events.into_iter());
    rendered
}

/// The events of a text that a page can hold.
fn events(markdown: &str) -> impl Iterator<Item = Event<'_>> {
    // Whether each link around the event is one that is kept.
    let mut links = Vec::new();
    Parser::new_ext(markdown, Options::ENABLE_TABLES).filter_map(move |event| match event {
        Event::Html(_) | Event::InlineHtml(_) => None,
        Event::Start(Tag::HtmlBlock | Tag::Image { .. })
        | Event::End(TagEnd::HtmlBlock | TagEnd::Image) => None,
        Event::Start(Tag::Link { dest_url, .. }) => {
            let opening = opening(&dest_url);
            links.push(opening.is_some());
            opening.map(|it| Event::InlineHtml(it.into()))
        }
        Event::End(TagEnd::Link) => {
            let is_kept = links.pop().unwrap_or_default();
            is_kept.then_some(Event::InlineHtml(CowStr::Borrowed("</a>")))
        }
        // An alignment would be a style, which no page may have.
        Event::Start(Tag::Table(columns)) => {
            let plain = vec![pulldown_cmark::Alignment::None; columns.len()];
            Some(Event::Start(Tag::Table(plain)))
        }
        Event::Text(text) => Some(Event::Text(text::shown(&text).into_owned().into())),
        Event::Code(text) => Some(Event::Code(text::shown(&text).into_owned().into())),
        event => Some(event),
    })
}

/// The opening tag of a link that a page may have.
fn opening(destination: &str) -> Option<String> {
    if let Some(path) = destination.strip_prefix('/') {
        // `//host` leads elsewhere.
        let is_ours = !path.starts_with(['/', '\\']);
        let page = match destination.split_once(".md") {
            Some((page, rest)) if rest.is_empty() || rest.starts_with('#') => {
                format!("{page}{rest}")
            }
            _ => destination.to_owned(),
        };
        let page = html_escape::encode_double_quoted_attribute(&page).into_owned();
        return is_ours.then(|| format!("<a href=\"{page}\">"));
    }
    let url = Url::parse(destination).ok()?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    let is_fit = matches!(url.scheme(), "http" | "https" | "mailto") && !has_user;
    let url = html_escape::encode_double_quoted_attribute(url.as_str()).into_owned();
    is_fit.then(|| {
        format!("<a href=\"{url}\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">")
    })
}

/// Makes ids of the words of headings below the first level.
fn name_headings(events: &mut [Event<'_>]) {
    for at in 0..events.len() {
        let Some((Event::Start(Tag::Heading { level, id, .. }), rest)) =
            events.get_mut(at..).and_then(<[_]>::split_first_mut)
        else {
            continue;
        };
        if *level == HeadingLevel::H1 {
            continue;
        }
        let words = rest
            .iter()
            .take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))))
            .filter_map(|event| match event {
                Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
                _ => None,
            });
        *id = Some(slug(&words.collect::<String>()).into());
    }
}

/// `Claude on the web` as `claude-on-the-web`.
fn slug(heading: &str) -> String {
    let words = heading.split(|character: char| !character.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    let words: Vec<_> = words.map(str::to_lowercase).collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chapter_links_its_headings_and_other_chapters() {
        let html =
            chapter("# Top\n\n## Claude on the web\n\n[there](/docs/sign-in.md#safe), [x](/)");
        assert_eq!(
            html,
            "<h1>Top</h1>\n<h2 id=\"claude-on-the-web\">Claude on the web</h2>\n\
             <p><a href=\"/docs/sign-in#safe\">there</a>, <a href=\"/\">x</a></p>\n"
        );
    }

    #[test]
    fn description_keeps_the_outline_of_the_page() {
        assert_eq!(
            description("# Mine\n\ntext"),
            "<p><strong>Mine</strong></p>\n<p>text</p>\n"
        );
    }

    #[test]
    fn html_images_styles_and_links_to_elsewhere_are_left_out() {
        let hostile = "a <script>alert(1)</script> b ![logo](https://a.example/x.png)\n\n\
                       <img src=x onerror=alert(1)>\n\n|a|\n|:-:|\n|c|\n\n\
                       [j](javascript:alert(1)) [d](data:text/html,x) [s](//evil.example) \
                       [u](https://a@b.example) [q](https://a.example/\"onclick=x) \u{202e}c";
        let html = description(hostile);
        for word in [
            "<script",
            "<img",
            "style=",
            "javascript:",
            "data:",
            "evil",
            "a@b",
            "\u{202e}",
        ] {
            assert!(!html.contains(word), "{word}: {html}");
        }
        assert!(
            html.contains("href=\"https://a.example/%22onclick=x\""),
            "{html}"
        );
    }

    #[test]
    fn escaped_text_is_read_as_text() {
        let text = "a|b *c* `d` <e> [f](g) # h & \\i";
        let rendered = chapter(&format!("x {}", escape(text)));
        let expected = html_escape::encode_text(text).into_owned();
        assert_eq!(rendered, format!("<p>x {expected}</p>\n"));
    }
}
