//! Names of files.

/// The longest name, in bytes.
const LONGEST: usize = 120;

/// Endings of names by media type, for those that people know files by.
const ENDINGS: &[(&str, &str)] = &[
    ("application/gzip", "gz"),
    ("application/json", "json"),
    ("application/msword", "doc"),
    ("application/pdf", "pdf"),
    ("application/vnd.ms-excel", "xls"),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "pptx",
    ),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "xlsx",
    ),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "docx",
    ),
    ("application/x-tar", "tar"),
    ("application/xml", "xml"),
    ("application/zip", "zip"),
    ("audio/mpeg", "mp3"),
    ("audio/ogg", "ogg"),
    ("audio/wav", "wav"),
    ("image/gif", "gif"),
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/svg+xml", "svg"),
    ("image/webp", "webp"),
    ("text/calendar", "ics"),
    ("text/csv", "csv"),
    ("text/html", "html"),
    ("text/markdown", "md"),
    ("text/plain", "txt"),
    ("text/xml", "xml"),
    ("video/mp4", "mp4"),
];

/// Returns the name of a file that a tool returned.
pub(super) fn of(tool: &str, media_type: &str) -> String {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    let known = ENDINGS.iter().find(|(known, _)| *known == essence);
    let ending = known.map_or("bin", |(_, ending)| ending);
    safe(&format!("{tool}.{ending}")).unwrap_or_else(|| "file".to_owned())
}

/// Returns a name without what leads out of a folder, hides it, or is read as something else by a header
/// field or a shell. Returns nothing where nothing is left.
pub(super) fn safe(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = |character: char| match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' => character,
        _ => '_',
    };
    let name: String = last.trim().chars().map(plain).collect();
    let name = name.trim_start_matches(['.', '-']);
    let start = name.len().saturating_sub(LONGEST);
    // The end of a long name has what kind of file it is.
    let name = name.get(start..)?.trim_start_matches(['.', '-']);
    let has_letter = name.bytes().any(|byte| byte.is_ascii_alphanumeric());
    has_letter.then(|| name.to_owned())
}

/// Returns the name that an answer states (`Content-Disposition`, RFC 6266).
pub(super) fn stated(disposition: &str) -> Option<String> {
    let parameters = disposition.split(';').skip(1);
    let mut names = parameters.filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_name = name.trim().eq_ignore_ascii_case("filename");
        is_name.then(|| value.trim().trim_matches('"'))
    });
    safe(names.next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_a_file_is_that_of_its_tool_with_the_ending_of_its_kind() {
        assert_eq!(of("get_report", "application/pdf"), "get_report.pdf");
        assert_eq!(of("export", "Text/CSV; charset=utf-8"), "export.csv");
        assert_eq!(of("a", "application/x-unheard-of"), "a.bin");
    }

    #[test]
    fn name_has_nothing_that_leads_elsewhere_or_ends_a_header_field() {
        for (name, expected) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\temp\\a.txt", "a.txt"),
            (".bashrc", "bashrc"),
            ("-rf", "rf"),
            ("a\"; filename=b\r\nX: 1", "a___filename_b__X__1"),
            ("Übersicht März.pdf", "_bersicht_M_rz.pdf"),
        ] {
            assert_eq!(safe(name).as_deref(), Some(expected), "{name}");
        }
        for name in ["", "..", "/", "---", "\u{202e}"] {
            assert_eq!(safe(name), None, "{name:?}");
        }
        let long = format!("{}.pdf", "a".repeat(500));
        let name = safe(&long).unwrap();
        assert!(name.len() <= LONGEST && name.ends_with("a.pdf"), "{name}");
    }

    #[test]
    fn stated_name_is_taken_of_the_header_field() {
        let stated = |text| super::stated(text);
        assert_eq!(
            stated("attachment; filename=\"a b.pdf\"").as_deref(),
            Some("a_b.pdf")
        );
        assert_eq!(stated("inline; FileName=x.csv").as_deref(), Some("x.csv"));
        assert_eq!(stated("attachment"), None);
        assert_eq!(stated("attachment; filename=\"..\""), None);
    }
}
