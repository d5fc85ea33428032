//! What APIs call the parts of paging. Names are compared in lower case, without signs.

/// Arguments that take what an earlier answer says, most usual first.
pub(super) const CURSORS: &[&str] = &[
    "cursor",
    "pagetoken",
    "nextpagetoken",
    "nexttoken",
    "continuationtoken",
    "continuation",
    "paginationtoken",
    "pagecursor",
    "nextcursor",
    "startcursor",
    "aftercursor",
    "exclusivestartkey",
    "skiptoken",
    "pageafter",
    "startingafter",
    "startafter",
    "after",
    "afterid",
    "marker",
    "starttoken",
    "from",
];

/// Members of answers that such an argument takes.
pub(super) const NEXT: &[&str] = &[
    "nextcursor",
    "nextpagetoken",
    "nexttoken",
    "nextpagecursor",
    "nextcontinuationtoken",
    "continuationtoken",
    "paginationtoken",
    "endcursor",
    "aftercursor",
    "nextafter",
    "cursorsafter",
    "cursornext",
    "metaafter",
    "nextmarker",
    "lastevaluatedkey",
    "lastid",
    "cursor",
    "next",
];

/// Members of answers that are the URL of the next page.
pub(super) const NEXT_URLS: &[&str] = &[
    "linksnext",
    "nexthref",
    "pagesnext",
    "pagingnext",
    "paginationnext",
    "metanext",
    "odatanextlink",
    "nextlink",
    "nextpageurl",
    "nexturl",
    "next",
    "nextpage",
];

/// Arguments that count items.
pub(super) const OFFSETS: &[&str] = &[
    "offset",
    "skip",
    "startat",
    "startindex",
    "start",
    "pageoffset",
    "from",
];

/// Arguments beside which a start is that of a time, and no offset.
pub(super) const ENDS: &[&str] = &["end", "stop", "until", "to", "endat", "endtime", "enddate"];

/// Arguments that count pages.
pub(super) const PAGES: &[&str] = &[
    "page",
    "pagenumber",
    "pageindex",
    "pageno",
    "pagenum",
    "currentpage",
    "p",
];

/// Arguments that set the number of items of a page.
pub(super) const SIZES: &[&str] = &[
    "perpage",
    "pagesize",
    "limit",
    "maxresults",
    "pagelimit",
    "count",
    "top",
    "take",
    "size",
    "max",
    "rows",
    "results",
    "maxitems",
    "maxkeys",
];

/// Members of answers that count all items.
pub(super) const TOTALS: &[&str] = &[
    "total",
    "totalcount",
    "totalresults",
    "totalitems",
    "totalelements",
    "totalrecords",
    "recordstotal",
    "numfound",
];

/// Members of answers that count all pages.
pub(super) const PAGE_COUNTS: &[&str] = &[
    "totalpages",
    "pagecount",
    "pages",
    "lastpage",
    "numpages",
    "pagetotal",
];

/// Members of answers that are the number of this page.
pub(super) const THIS_PAGE: &[&str] = &[
    "page",
    "currentpage",
    "pagenumber",
    "pageindex",
    "pageno",
    "pagenum",
    "number",
];

/// Members of answers that are true where a page follows.
pub(super) const MORE: &[&str] = &[
    "hasmore",
    "hasnextpage",
    "hasnext",
    "more",
    "istruncated",
    "moreresults",
];

/// Members of answers that are true where none does.
pub(super) const LAST: &[&str] = &["last", "islast", "islastpage", "lastpage"];
