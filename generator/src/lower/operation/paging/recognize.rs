//! How the pages of an operation follow each other, as its parameters and its answer show.

use super::members::{Kind, Named, answered, asked, list};
use super::names::{
    CURSORS, ENDS, LAST, MORE, NEXT, NEXT_URLS, OFFSETS, PAGE_COUNTS, PAGES, SIZES, THIS_PAGE,
    TOTALS,
};
use crate::ir::{Access, In, PageSize, Paging, PagingEnd, PagingNext, Parameter, RequestBody};
use crate::lower::operation::annotation::Overrides;
use crate::lower::operation::arguments::Arguments;
use crate::lower::response::Response;
use crate::openapi::Document;

/// What an operation takes.
pub(in crate::lower::operation) struct Taken<'t> {
    pub(in crate::lower::operation) parameters: &'t [Parameter],
    pub(in crate::lower::operation) body: Option<&'t RequestBody>,
    pub(in crate::lower::operation) arguments: &'t Arguments,
    pub(in crate::lower::operation) access: Access,
}

/// What was found of an operation.
struct Found<'n> {
    asked: &'n [Named],
    answered: &'n [Named],
    size: Option<PageSize>,
    /// The JSON pointer of the list.
    items: Option<String>,
}

/// Returns how the pages of an operation follow each other: what `x-mcp` says, else what is recognized.
pub(in crate::lower::operation) fn settle(
    document: &Document,
    overrides: &mut Overrides,
    taken: &Taken<'_>,
    responses: &[Response],
) -> Option<Paging> {
    let own = overrides.paging.take();
    own.unwrap_or_else(|| recognized(document, taken, responses))
}

fn recognized(document: &Document, taken: &Taken<'_>, responses: &[Response]) -> Option<Paging> {
    let asked = asked(taken.parameters, taken.body, taken.arguments);
    let answered = answered(document, responses);
    let size = one(&asked, SIZES, is_number);
    let found = Found {
        size: size.map(|size| PageSize {
            argument: size.place.clone(),
            default: size.default.filter(|default| *default > 0),
        }),
        items: list(&answered),
        asked: &asked,
        answered: &answered,
    };
    // Of what may change something, only what a cursor continues has pages.
    let by_cursor = found.by_cursor();
    if by_cursor.is_some() || taken.access == Access::Write {
        return by_cursor;
    }
    let has_query = taken.parameters.iter().any(|it| it.location == In::Query);
    let by_url = (has_query && taken.body.is_none()).then(|| found.by_url());
    by_url.flatten().or_else(|| found.by_number())
}

impl Found<'_> {
    fn paging(&self, argument: &str, next: PagingNext, end: Option<PagingEnd>) -> Paging {
        Paging {
            argument: argument.to_owned(),
            next,
            size: self.size.clone(),
            items: self.items.clone(),
            end,
        }
    }

    fn pointer(&self, names: &[&str], kind: Kind) -> Option<String> {
        let found = one(self.answered, names, |it| it.kind == kind);
        found.map(|it| it.place.clone())
    }

    fn more(&self) -> Option<PagingEnd> {
        let more = self.pointer(MORE, Kind::Boolean).map(PagingEnd::More);
        more.or_else(|| self.pointer(LAST, Kind::Boolean).map(PagingEnd::Last))
    }

    fn total(&self) -> Option<PagingEnd> {
        self.pointer(TOTALS, Kind::Number).map(PagingEnd::Total)
    }

    fn by_cursor(&self) -> Option<Paging> {
        let is_value = |it: &Named| !matches!(it.kind, Kind::Boolean | Kind::List | Kind::Object);
        let cursor = one(self.asked, CURSORS, |it| {
            it.kind != Kind::Boolean && it.kind != Kind::List
        })?;
        if let Some(next) = one(self.answered, NEXT, is_value) {
            let next = PagingNext::Value(next.place.clone());
            return Some(self.paging(&cursor.place, next, self.more()));
        }
        let mut lists = self.answered.iter();
        let list = lists.find(|it| Some(&it.place) == self.items.as_ref())?;
        let has_ids = list.items.iter().any(|name| name == "id");
        let is_of_items = matches!(&*cursor.name, "startingafter" | "startafter" | "afterid");
        let more = self.more().filter(|_| is_of_items && has_ids)?;
        let next = PagingNext::LastItem("id".to_owned());
        Some(self.paging(&cursor.place, next, Some(more)))
    }

    fn by_url(&self) -> Option<Paging> {
        let url = one(self.answered, NEXT_URLS, |it| it.kind == Kind::Text)?;
        Some(self.paging("", PagingNext::Value(url.place.clone()), None))
    }

    fn by_number(&self) -> Option<Paging> {
        self.items.as_ref()?;
        let is_offset = |it: &Named| it.kind == Kind::Number && !self.is_time(&it.name);
        if let Some(offset) = one(self.asked, OFFSETS, is_offset) {
            let first = offset.default.or(offset.minimum);
            // RFC 7644, section 3.4.2.4.
            let is_from_one = match &*offset.name {
                "startindex" => first != Some(0),
                _ => first == Some(1),
            };
            let next = PagingNext::Offset(i64::from(is_from_one));
            return Some(self.paging(&offset.place, next, self.total().or_else(|| self.more())));
        }
        let page = one(self.asked, PAGES, is_number)?;
        let next = match page.default.or(page.minimum) {
            Some(first) => PagingNext::Page(i64::from(first != 0)),
            None => PagingNext::PageAfter(self.pointer(THIS_PAGE, Kind::Number)),
        };
        let pages = self
            .pointer(PAGE_COUNTS, Kind::Number)
            .map(PagingEnd::Pages);
        let end = pages.or_else(|| self.more()).or_else(|| self.total());
        Some(self.paging(&page.place, next, end))
    }

    /// Returns true where an argument that could be an offset is the start of a time, or an id.
    fn is_time(&self, name: &str) -> bool {
        let has_end = || self.asked.iter().any(|it| ENDS.contains(&&*it.name));
        match name {
            "start" => self.size.is_none() || has_end(),
            "startat" => has_end(),
            "from" => !self.asked.iter().any(|it| it.name == "size") || has_end(),
            _ => false,
        }
    }
}

/// Returns true where an answer has a list of objects.
pub(in crate::lower::operation) fn has_long_list(
    document: &Document,
    responses: &[Response],
) -> bool {
    let answered = answered(document, responses);
    answered
        .iter()
        .any(|it| it.kind == Kind::List && !it.items.is_empty())
}

fn is_number(named: &Named) -> bool {
    matches!(named.kind, Kind::Number | Kind::Unknown)
}

/// The first of `names` that one is called; of several with one name, the first.
fn one<'n>(all: &'n [Named], names: &[&str], fits: impl Fn(&Named) -> bool) -> Option<&'n Named> {
    names.iter().find_map(|name| {
        let mut fitting = all.iter().filter(|it| fits(it));
        fitting.find(|it| it.name == *name || it.long == *name)
    })
}
