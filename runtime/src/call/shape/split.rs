//! How an answer is divided into parts.

use serde_json::{Map, Value};

use super::cut::{Cuts, cut};
use super::list::{List, at};
use super::part::{After, Part, PartContent, Span};
use super::size::{escaped, length};

/// Bytes of the parts that are kept of one answer, beside the first.
const KEPT: usize = 4 * 1024 * 1024;

/// The parts of an answer.
#[derive(Debug)]
pub(in crate::call) struct Division {
    pub(in crate::call) first: Part,
    pub(in crate::call) rest: Vec<Part>,
}

/// Divides the content of an answer into parts of at most `most` bytes each. A list is divided between
/// its items, a text between its lines; other JSON is cut. After the last part, `next_page` holds the
/// arguments of the API's next page.
pub(in crate::call) fn divide(
    content: PartContent,
    status: u16,
    next_page: Option<Map<String, Value>>,
    most: usize,
) -> Division {
    let parts = match content {
        PartContent::Json(value) => of_json(value, status, most),
        PartContent::Text(text) => of_text(&text, status, most),
    };
    let mut parts = parts.into_iter();
    let first = parts.next().unwrap_or_else(|| Part {
        status,
        content: PartContent::Text(String::new()),
        span: None,
        cuts: None,
        after: After::Nothing,
    });
    let mut division = Division {
        first,
        rest: parts.collect(),
    };
    let last = division.rest.last_mut().unwrap_or(&mut division.first);
    if let Some(page) = next_page {
        last.after = match std::mem::take(&mut last.after) {
            After::Nothing => After::Page(page),
            After::Lost(lost, _) => After::Lost(lost, Some(page)),
            other => other,
        };
    }
    division
}

fn of_json(mut value: Value, status: u16, most: usize) -> Vec<Part> {
    let mut cuts = Cuts::default();
    let Some(list) = List::take(&mut value) else {
        cut(&mut value, most, "", &mut cuts);
        return vec![Part {
            status,
            content: PartContent::Json(value),
            span: None,
            cuts: (!cuts.is_empty()).then(|| cuts.into_parts()),
            after: After::Nothing,
        }];
    };
    // What is beside the list is repeated with each part, where it is short.
    let bare = list.bare();
    cut(&mut value, most / 2, "", &mut cuts);
    if at(&mut value, &list.path).is_none() {
        value = bare.clone();
    }
    let beside = length(&value);
    let repeated = match beside > most / 4 {
        true => bare,
        false => value.clone(),
    };
    let pointer = list.pointer();
    let of = list.items.len();
    let mut items = list.items.into_iter().peekable();
    let (mut parts, mut kept, mut from) = (Vec::new(), 0, 0);
    let (mut frame, mut frame_length) = (value, beside);
    while items.peek().is_some() {
        if kept > KEPT {
            break;
        }
        let room = most.saturating_sub(frame_length);
        let (mut page, mut bytes) = (Vec::new(), 0);
        while let Some((item, length)) = items.next_if(|(_, length)| bytes + length < room) {
            bytes += length + 1;
            page.push(item);
        }
        if page.is_empty()
            && let Some((mut item, _)) = items.next()
        {
            cut(&mut item, room, &format!("{pointer}/0"), &mut cuts);
            page.push(item);
        }
        let to = from + page.len();
        if let Some(list) = at(&mut frame, &list.path) {
            *list = Value::Array(page);
        }
        if !parts.is_empty() {
            kept += frame_length + bytes;
        }
        let cuts = std::mem::take(&mut cuts);
        parts.push(Part {
            status,
            content: PartContent::Json(frame),
            span: Some(Span {
                list: Some(pointer.clone()),
                from: from + 1,
                to,
                of,
            }),
            cuts: (!cuts.is_empty()).then(|| cuts.into_parts()),
            after: After::Part,
        });
        from = to;
        frame = repeated.clone();
        frame_length = length(&frame);
    }
    end(&mut parts, of - from);
    parts
}

fn of_text(text: &str, status: u16, most: usize) -> Vec<Part> {
    let of = text.chars().count();
    let (mut parts, mut kept, mut from) = (Vec::new(), 0, 0);
    let mut rest = text;
    while !rest.is_empty() && kept <= KEPT {
        let (part, others) = rest.split_at(end_of_part(rest, most));
        rest = others;
        let to = from + part.chars().count();
        if !parts.is_empty() {
            kept += part.chars().map(escaped).sum::<usize>();
        }
        parts.push(Part {
            status,
            content: PartContent::Text(part.to_owned()),
            span: Some(Span {
                list: None,
                from: from + 1,
                to,
                of,
            }),
            cuts: None,
            after: After::Part,
        });
        from = to;
    }
    end(&mut parts, of - from);
    parts
}

/// Returns where a part of a text ends, of which the JSON has at most `most` bytes: after its last line
/// that is whole, where that is near its end.
fn end_of_part(text: &str, most: usize) -> usize {
    let mut left = most;
    let mut end = 0;
    for character in text.chars() {
        let bytes = escaped(character);
        // Every part has a character.
        if bytes > left && end > 0 {
            let line = text.get(..end).and_then(|part| part.rfind('\n'));
            return match line {
                Some(line) if line + 1 > end / 2 => line + 1,
                _ => end,
            };
        }
        left = left.saturating_sub(bytes);
        end += character.len_utf8();
    }
    end
}

fn end(parts: &mut [Part], lost: usize) {
    if let Some(last) = parts.last_mut() {
        last.after = match lost {
            0 => After::Nothing,
            lost => After::Lost(lost, None),
        };
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn divided(content: PartContent, most: usize) -> Vec<Part> {
        let Division { first, rest } = divide(content, 200, None, most);
        std::iter::once(first).chain(rest).collect()
    }

    #[test]
    fn parts_of_a_list_have_each_item_once_and_what_is_beside_it() {
        let items: Vec<Value> = (0..500).map(|id| json!({"id": id})).collect();
        let whole = json!({"total": 500, "items": items});
        let parts = divided(PartContent::Json(whole), 400);
        let mut ids = Vec::new();
        for part in &parts {
            let PartContent::Json(value) = &part.content else {
                unreachable!("it is JSON");
            };
            assert!(length(value) <= 400, "{value}");
            assert_eq!(value["total"], 500);
            let span = part.span.as_ref().unwrap();
            assert_eq!((span.from, span.of), (ids.len() + 1, 500));
            ids.extend(
                value["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|it| it["id"].clone()),
            );
            assert_eq!(span.to, ids.len());
        }
        let all: Vec<Value> = (0..500).map(Value::from).collect();
        assert_eq!(ids, all);
        assert!(matches!(parts.last().unwrap().after, After::Nothing));
    }

    #[test]
    fn an_item_that_is_too_long_is_a_part_of_its_own_and_cut() {
        let items = json!(["a", "x".repeat(9000), "b"]);
        let parts = divided(PartContent::Json(items), 400);
        assert_eq!(parts.len(), 3);
        let (sentence, _) = parts[1].cuts.as_ref().unwrap();
        assert!(sentence.contains("`/0` has"), "{sentence}");
        assert!(parts[0].cuts.is_none() && parts[2].cuts.is_none());
    }

    #[test]
    fn parts_of_a_text_are_the_text() {
        let text = "naïve line\n".repeat(300) + &"é".repeat(500);
        let parts = divided(PartContent::Text(text.clone()), 100);
        let mut joined = String::new();
        for part in parts {
            let PartContent::Text(part) = part.content else {
                unreachable!("it is text");
            };
            assert!(part.len() <= 100);
            joined.push_str(&part);
        }
        assert_eq!(joined, text);
    }

    #[test]
    fn what_is_kept_has_a_bound_and_the_last_part_says_what_is_lost() {
        let items: Vec<Value> = (0..8).map(|_| json!("x".repeat(1024 * 1024))).collect();
        let parts = divided(PartContent::Json(Value::Array(items)), 1024 * 1024 + 100);
        let After::Lost(lost, None) = parts.last().unwrap().after else {
            unreachable!("not everything is kept");
        };
        assert_eq!(parts.len() + lost, 8);
        assert!(lost > 0);
    }

    #[test]
    fn text_counts_by_the_length_of_its_json_in_what_is_kept() {
        let text = PartContent::Text("\u{1}".repeat(2 * KEPT));
        let parts = divided(text, 64 * 1024);
        let kept = parts.iter().skip(1).map(|part| match &part.content {
            PartContent::Text(text) => text.chars().map(escaped).sum(),
            PartContent::Json(_) => 0,
        });
        assert!(kept.sum::<usize>() <= KEPT + 64 * 1024);
    }

    #[test]
    fn next_page_follows_what_is_lost_of_this_one() {
        let items: Vec<Value> = (0..8).map(|_| json!("x".repeat(1024 * 1024))).collect();
        let content = PartContent::Json(Value::Array(items));
        let page = Map::from_iter([("page".to_owned(), json!(2))]);
        let Division { rest, .. } = divide(content, 200, Some(page.clone()), 1024 * 1024 + 100);
        let After::Lost(_, Some(next)) = &rest.last().unwrap().after else {
            unreachable!("not everything is kept");
        };
        assert_eq!(*next, page);
    }
}
