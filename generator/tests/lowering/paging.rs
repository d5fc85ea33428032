use generator::ir::{Access, PageSize, Paging, PagingEnd, PagingNext};

use crate::support::described;

/// How the pages of `METHOD /x` follow each other, which has these fields.
fn paging(method: &str, fields: &str, schema: &str) -> Option<Paging> {
    let lowered = described(
        "3.1.0",
        &format!(
            "  /x:\n    {method}: {{{fields}, responses: {{'200': {{description: d, content: \
             {{application/json: {{schema: {schema}}}}}}}}}}}\n"
        ),
    );
    assert_eq!(lowered.api.operations.len(), 1, "{:?}", lowered.diagnostics);
    lowered.api.operations.into_iter().next()?.paging
}

fn query(names: &[(&str, &str)]) -> String {
    let parameters = names.iter();
    let parameters =
        parameters.map(|(name, ty)| format!("{{name: {name}, in: query, schema: {{{ty}}}}}"));
    format!(
        "parameters: [{}]",
        parameters.collect::<Vec<_>>().join(", ")
    )
}

const LIST: &str = "{type: array, items: {type: object, properties: {id: {}}}}";

#[test]
fn paging_by_a_cursor_names_its_argument_and_its_place_in_the_answer() {
    let asks = query(&[
        ("page_token", "type: string"),
        ("page_size", "type: integer, default: 50"),
    ]);
    let answers = format!(
        "{{type: object, properties: {{rows: {LIST}, has_more: {{type: boolean}}, meta: {{type: \
         object, properties: {{next_page_token: {{type: string}}}}}}}}}}"
    );
    let expected = Paging {
        argument: "page_token".to_owned(),
        next: PagingNext::Value("/meta/next_page_token".to_owned()),
        size: Some(PageSize {
            argument: "page_size".to_owned(),
            default: Some(50),
        }),
        items: Some("/rows".to_owned()),
        end: Some(PagingEnd::More("/has_more".to_owned())),
    };
    assert_eq!(paging("get", &asks, &answers), Some(expected));
}

#[test]
fn paging_is_by_an_offset_or_a_page_only_where_the_answer_has_one_list() {
    let offset = query(&[("offset", "type: integer")]);
    let next = |answers: &str| paging("get", &offset, answers).map(|paging| paging.next);
    assert_eq!(next(LIST), Some(PagingNext::Offset(0)));
    let two = format!("{{type: object, properties: {{a: {LIST}, b: {LIST}}}}}");
    assert_eq!(next(&two), None);
    assert_eq!(
        next("{type: object, properties: {a: {type: string}}}"),
        None
    );
    let page = query(&[("page", "type: integer, minimum: 0")]);
    let paging = paging("get", &page, LIST).unwrap();
    assert_eq!(
        (paging.next, paging.items),
        (PagingNext::Page(0), Some(String::new()))
    );
}

#[test]
fn paging_is_not_seen_in_names_that_mean_something_else() {
    // A text is no number of a page, and a start may be a time.
    for name in ["page", "start", "offset"] {
        let asks = query(&[(name, "type: string")]);
        assert_eq!(paging("get", &asks, LIST), None, "{name}");
    }
    let asks = query(&[("cursor", "type: string")]);
    assert_eq!(paging("get", &asks, LIST), None, "the answer has no cursor");
}

#[test]
fn start_is_an_offset_only_where_it_cannot_be_a_time() {
    let next = |names: &[&str]| {
        let asks: Vec<_> = names.iter().map(|name| (*name, "type: integer")).collect();
        paging("get", &query(&asks), LIST).map(|paging| paging.next)
    };
    let offset = Some(PagingNext::Offset(0));
    assert_eq!(next(&["start"]), None);
    assert_eq!(next(&["start", "limit"]), offset);
    assert_eq!(next(&["from", "size"]), offset);
    assert_eq!(next(&["start_at", "max_results"]), offset);
    for end in ["end", "stop", "until", "to", "end_at"] {
        for start in ["start", "from", "start_at"] {
            assert_eq!(next(&[start, "size", end]), None, "{start} {end}");
        }
    }
    // Another argument can be the offset.
    assert_eq!(next(&["start", "end", "limit", "offset"]), offset);
}

#[test]
fn first_page_is_what_the_description_says_or_what_answers_say() {
    let next = |name: &str, more: &str, answers: &str| {
        let asks = query(&[(name, &format!("type: integer{more}"))]);
        paging("get", &asks, answers).map(|paging| paging.next)
    };
    let offset = |first| Some(PagingNext::Offset(first));
    assert_eq!(next("startIndex", "", LIST), offset(1));
    assert_eq!(next("startIndex", ", default: 0", LIST), offset(0));
    assert_eq!(next("startIndex", ", minimum: 0", LIST), offset(0));
    assert_eq!(next("offset", "", LIST), offset(0));
    let page = |first| Some(PagingNext::Page(first));
    assert_eq!(next("page", ", default: 1", LIST), page(1));
    assert_eq!(next("page", ", minimum: 0", LIST), page(0));
    assert_eq!(next("page", "", LIST), Some(PagingNext::PageAfter(None)));
    let answers =
        format!("{{type: object, properties: {{rows: {LIST}, page: {{type: integer}}}}}}");
    let of_answer = Some(PagingNext::PageAfter(Some("/page".to_owned())));
    assert_eq!(next("page", "", &answers), of_answer);
}

#[test]
fn paging_of_a_write_is_by_a_cursor_alone() {
    let body = |property: &str| {
        format!(
            "requestBody: {{content: {{application/json: {{schema: {{type: object, properties: \
             {{{property}}}}}}}}}}}"
        )
    };
    let answers =
        format!("{{type: object, properties: {{rows: {LIST}, next_cursor: {{type: string}}}}}}");
    let cursor = paging("post", &body("cursor: {type: string}"), &answers);
    assert_eq!(cursor.unwrap().argument, "cursor");
    assert_eq!(
        paging("post", &body("offset: {type: integer}"), &answers),
        None
    );
}

#[test]
fn paging_is_what_x_mcp_says() {
    let asks = query(&[("from_id", "type: string"), ("page", "type: integer")]);
    let with = |extension: &str| {
        paging(
            "get",
            &format!("{asks}, x-mcp: {{paging: {extension}}}"),
            LIST,
        )
    };
    assert_eq!(with("false"), None);
    let expected = Paging {
        argument: "from_id".to_owned(),
        next: PagingNext::LastItem("id".to_owned()),
        size: None,
        items: Some(String::new()),
        end: Some(PagingEnd::Total("/total".to_owned())),
    };
    let own = "{argument: from_id, last: id, items: '', total: /total}";
    assert_eq!(with(own), Some(expected));
    // What is none is reported, and the description decides.
    for wrong in [
        "{argument: page}",
        "{by: page}",
        "yes",
        "{argument: page, next: a}",
    ] {
        let lowered = described(
            "3.1.0",
            &format!("  /x:\n    get: {{x-mcp: {{paging: {wrong}}}, responses: {{}}}}\n"),
        );
        assert!(
            lowered.diagnostics[0].message.contains("`paging`"),
            "{wrong}"
        );
        assert_eq!(lowered.api.operations[0].access, Access::Read);
    }
}

#[test]
fn answers_are_long_where_a_read_returns_a_list_of_objects() {
    let is_long = |method: &str, schema: &str| {
        let lowered = described(
            "3.1.0",
            &format!(
                "  /x:\n    {method}: {{responses: {{'200': {{description: d, content: \
                 {{application/json: {{schema: {schema}}}}}}}}}}}\n"
            ),
        );
        lowered.api.operations[0].long_answers
    };
    assert!(is_long("get", LIST));
    assert!(is_long(
        "get",
        &format!("{{type: object, properties: {{data: {LIST}}}}}")
    ));
    assert!(!is_long("post", LIST));
    assert!(!is_long("get", "{type: array, items: {type: string}}"));
    assert!(!is_long(
        "get",
        "{type: object, properties: {id: {type: string}}}"
    ));
}
