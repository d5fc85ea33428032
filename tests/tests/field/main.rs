//! Descriptions and calls that failed in the field, beside this checkout: each through the generator and
//! a server, before an API that records what it is sent. `requirement::field` says where they are.

#[cfg(test)]
mod case;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use tests::harness::requirement;

    use crate::case::{Case, Outcome};

    fn open(name: &str) -> Option<Case> {
        let directory = requirement::require(requirement::field())?;
        Some(Case::read(&directory.join(name)))
    }

    /// Cases without a test here, and why.
    const ELSEWHERE: &[(&str, &str)] = &[
        ("08-link-header", "what answers carry: the suite `views`"),
        ("11-trailing-slash", "the endpoint: runtime/tests/protocol"),
    ];

    macro_rules! cases {
        ($($name:ident $directory:literal $check:expr;)*) => {
            $(
                #[tokio::test]
                async fn $name() {
                    let Some(case) = open($directory) else { return };
                    let check: fn(&Case, Vec<Outcome>) = $check;
                    let outcomes = case.call().await;
                    check(&case, outcomes);
                }
            )*

            #[test]
            fn every_case_has_a_test() {
                let Some(directory) = requirement::require(requirement::field()) else { return };
                let entries = fs::read_dir(directory).unwrap();
                let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
                let known = [$($directory),*].into_iter();
                let known = known.chain(ELSEWHERE.iter().map(|(name, _)| *name));
                let known: BTreeSet<String> = known.map(str::to_owned).collect();
                assert_eq!(names.collect::<BTreeSet<String>>(), known);
            }
        };
    }

    fn sent(outcomes: &[Outcome], index: usize, line: &str, body: &str) {
        let Outcome::Sent(request) = &outcomes[index] else {
            panic!("{:?}", outcomes[index]);
        };
        assert_eq!((request.line.as_str(), request.body.as_str()), (line, body));
    }

    fn header<'o>(outcomes: &'o [Outcome], index: usize, name: &str) -> Option<&'o str> {
        match &outcomes[index] {
            Outcome::Sent(request) => request.headers.get(name).map(String::as_str),
            other => panic!("{other:?}"),
        }
    }

    /// The one part of a multipart body that has the name: its head and its content.
    fn part(outcomes: &[Outcome], name: &str) -> (String, String) {
        let Outcome::Sent(request) = &outcomes[0] else {
            panic!("{:?}", outcomes[0]);
        };
        let boundary = request.body.lines().next().unwrap();
        let mut parts = request.body.split(boundary);
        let marked = format!("name=\"{name}\"");
        let part = parts.find(|part| part.contains(&marked)).unwrap();
        let (head, content) = part.trim_start().split_once("\r\n\r\n").unwrap();
        (head.to_owned(), content.trim_end().to_owned())
    }

    cases! {
        texts_keep_their_spelling "01-string-enum-unquoted" |_, outcomes| {
            sent(&outcomes, 0, "POST /v", r#"{"ver":"3"}"#);
            sent(&outcomes, 1, "POST /v?res=5", "{}");
            sent(&outcomes, 2, "POST /v", r#"{"num":1}"#);
        };
        overlapping_branches_take_what_any_takes "02-oneof-overlap" |_, outcomes| {
            assert_eq!(outcomes.len(), 2);
            for outcome in &outcomes {
                assert!(matches!(outcome, Outcome::Sent(_)), "{outcome:?}");
            }
        };
        octets_are_sent_as_such "03-binary-offered-as-json" |_, outcomes| {
            sent(&outcomes, 0, "PUT /stream", "\\x00\\x01\\xff");
            assert_eq!(header(&outcomes, 0, "content-type"), Some("application/octet-stream"));
        };
        headers_that_misdescribe_the_message_are_dropped "04-content-encoding" |case, outcomes| {
            assert!(case.input("series")["properties"].get("Content-Encoding").is_none());
            assert!(case.reported.contains("Content-Encoding"), "{}", case.reported);
            // The argument that is no longer offered is refused, and nothing is sent.
            let Outcome::Refused(reported) = &outcomes[0] else {
                panic!("{outcomes:?}");
            };
            assert!(reported.contains("Content-Encoding"), "{reported}");
        };
        files_in_composed_forms_are_files "05-file-in-composed-multipart" |_, outcomes| {
            let (head, content) = part(&outcomes, "file");
            assert!(head.contains("filename=\"a.txt\""), "{head}");
            assert_eq!(content, "hello");
        };
        legal_names_keep_themselves "06-argument-names" |case, outcomes| {
            sent(&outcomes, 0, "GET /calls?StartTime=2026-01-01", "");
            let input = case.input("calls");
            for (name, schema) in input["properties"].as_object().unwrap() {
                let text = schema["description"].as_str().unwrap_or_default();
                assert_eq!(name == "StartTime", !text.contains("Sent as `StartTime"), "{name}: {text}");
            }
        };
        patterns_are_read_by_every_client "07-published-patterns" |case, _| {
            let input = case.published("p");
            let text = input.to_string();
            assert!(!text.contains("(?") && text.contains(r"[a-z@#=\\[\\]{}]"), "{text}");
        };
        media_types_that_are_left_out_are_reported "09-other-media-types-dropped" |_, outcomes| {
            sent(&outcomes, 0, "PATCH /kube/n", r#"{"metadata":{"labels":{"a":"b"}}}"#);
            assert_eq!(header(&outcomes, 0, "content-type"), Some("application/merge-patch+json"));
        };
        findings_name_the_file_that_has_the_fault "10-multi-file-lines" |case, _| {
            assert!(case.report.contains("common.yaml:4 (/parameters/Bad/schema/type)"), "{}", case.report);
        };
        texts_of_an_enum_are_not_refused_for_their_repair "12-refusal-of-healed-value" |_, outcomes| {
            // The text is one of the enum's, as the first case has it, so that nothing is refused.
            sent(&outcomes, 0, "GET /r?res=5", "");
        };
        read_only_properties_are_not_required "13-read-only-in-compositions" |case, outcomes| {
            sent(&outcomes, 0, "POST /records", r#"{"type":"A","name":"www","ip":"192.0.2.1"}"#);
            assert!(!case.published("create_record").to_string().contains("\"id\""));
        };
        references_in_place_of_maps_are_followed "14-reference-in-place-of-a-map" |case, _| {
            assert_eq!(case.api.operations.len(), 2);
            assert_eq!(case.api.security_schemes.len(), 1);
            assert!(case.reported.contains("reference"), "{}", case.reported);
        };
        a_form_that_is_a_file_has_one "15-body-that-is-a-file-in-a-form" |_, outcomes| {
            let (head, content) = part(&outcomes, "file");
            assert!(head.contains("filename=\"a.txt\""), "{head}");
            assert_eq!(content, "hello");
        };
        reads_have_no_body_of_which_nothing_is_said "16-body-of-a-get" |case, _| {
            for operation in &case.api.operations {
                assert!(operation.request_body.is_none(), "{}", operation.name);
            }
        };
        lists_and_encoded_parts_are_written_as_their_version_says
            "17-delimited-lists-outside-of-queries" |_, outcomes| {
            assert_eq!(part(&outcomes, "p").1, "a|b");
            let (head, content) = part(&outcomes, "blob");
            assert!(head.contains("Content-Type: application/octet-stream"), "{head}");
            assert!(head.contains("Content-Transfer-Encoding: base64"), "{head}");
            assert_eq!(content, "aGVsbG8=");
        };
        open_branches_take_what_any_takes "18-open-branches" |_, outcomes| {
            sent(&outcomes, 0, "PUT /config", r#"{"enable_js":true,"fight_mode":true}"#);
        };
    }
}
