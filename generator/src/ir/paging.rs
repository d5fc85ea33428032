//! How pages follow each other.

use serde::Serialize;

/// How the pages of an operation's answers follow each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Paging {
    /// Name of the argument that selects the page; empty where a URL names all arguments.
    pub argument: String,
    /// What the argument is for the next page.
    pub next: PagingNext,
    /// How many items a page has.
    pub size: Option<PageSize>,
    /// JSON pointer of the list in the answer.
    pub items: Option<String>,
    /// What says that there is no next page, beside a page that is not full.
    pub end: Option<PagingEnd>,
}

/// What selects the next page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum PagingNext {
    /// The value at this JSON pointer of the answer, or the query of a URL there.
    Value(String),
    /// This member of the last item.
    LastItem(String),
    /// How many items came before. The number is that of the first item.
    Offset(i64),
    /// The number of the page. The number is that of the first page.
    Page(i64),
    /// The number of the page, where that of the first page is not known. An answer has its own at
    /// this JSON pointer.
    PageAfter(Option<String>),
}

/// How many items a page has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PageSize {
    /// Name of the argument that sets it.
    pub argument: String,
    /// The size without that argument, where the description says it.
    pub default: Option<i64>,
}

/// What in an answer says whether there is a next page, by its JSON pointer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum PagingEnd {
    /// The number of all items.
    Total(String),
    /// The number of all pages.
    Pages(String),
    /// True where there is a next page.
    More(String),
    /// True where there is none.
    Last(String),
}
