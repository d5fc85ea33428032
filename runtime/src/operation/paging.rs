//! How pages follow each other.

/// How the pages of an operation's answers follow each other.
#[derive(Clone, Debug)]
pub struct Paging {
    /// Name of the argument that selects the page; empty where a URL names all arguments.
    pub argument: &'static str,
    /// What the argument is for the next page.
    pub next: PagingNext,
    /// How many items a page has.
    pub size: Option<PageSize>,
    /// JSON pointer (RFC 6901) of the list in the answer.
    pub items: Option<&'static str>,
    /// What says that there is no next page, beside a page that is not full.
    pub end: Option<PagingEnd>,
}

/// What selects the next page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PagingNext {
    /// The value at this JSON pointer of the answer, or the query of a URL there.
    Value(&'static str),
    /// This member of the last item.
    LastItem(&'static str),
    /// How many items came before. The number is that of the first item.
    Offset(i64),
    /// The number of the page. The number is that of the first page.
    Page(i64),
    /// The number of the page, where that of the first page is not known. An answer has its own at
    /// this JSON pointer.
    PageAfter(Option<&'static str>),
}

/// How many items a page has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize {
    /// Name of the argument that sets it.
    pub argument: &'static str,
    /// The size without that argument, where the description says it.
    pub default: Option<i64>,
}

/// What in an answer says whether there is a next page, by its JSON pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PagingEnd {
    /// The number of all items.
    Total(&'static str),
    /// The number of all pages.
    Pages(&'static str),
    /// True where there is a next page.
    More(&'static str),
    /// True where there is none.
    Last(&'static str),
}
