//! The logo of a site: an image whose kind its content shows.

use bytes::Bytes;

/// The most bytes of a logo.
pub(crate) const LARGEST_LOGO: usize = 256 * 1024;

/// An image that browsers show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Logo {
    pub(super) content: Bytes,
    format: Format,
    /// Width and height in pixels, where the first bytes say it.
    size: Option<(u32, u32)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Png,
    Jpeg,
    WebP,
    Svg,
}

/// Why a file is not used as a logo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LogoError {
    /// It is none of the kinds of images that are served.
    #[error("the file is not a PNG, JPEG, WebP or SVG image")]
    Unknown,
    /// It is too long.
    #[error("the file is longer than {LARGEST_LOGO} bytes; use a smaller image")]
    TooLarge,
}

impl Logo {
    /// Takes the content of a file. Its name does not count.
    ///
    /// # Errors
    /// Where it is too long, or no image of a known kind.
    pub(crate) fn new(content: Vec<u8>) -> Result<Logo, LogoError> {
        if content.len() > LARGEST_LOGO {
            return Err(LogoError::TooLarge);
        }
        let (format, size) = match content.as_slice() {
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, rest @ ..] => {
                (Format::Png, Some(png_size(rest).ok_or(LogoError::Unknown)?))
            }
            [0xff, 0xd8, 0xff, ..] => (Format::Jpeg, None),
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => (Format::WebP, None),
            other if is_svg(other) => (Format::Svg, None),
            _ => return Err(LogoError::Unknown),
        };
        Ok(Logo {
            content: content.into(),
            format,
            size,
        })
    }

    pub(crate) fn media_type(&self) -> &'static str {
        match self.format {
            Format::Png => "image/png",
            Format::Jpeg => "image/jpeg",
            Format::WebP => "image/webp",
            Format::Svg => "image/svg+xml",
        }
    }

    pub(super) fn extension(&self) -> &'static str {
        match self.format {
            Format::Png => "png",
            Format::Jpeg => "jpg",
            Format::WebP => "webp",
            Format::Svg => "svg",
        }
    }

    /// The size as MCP spells it: `48x48`, or `any` for an image that scales.
    pub(crate) fn sizes(&self) -> Option<String> {
        match (self.format, self.size) {
            (Format::Svg, _) => Some("any".to_owned()),
            (_, Some((width, height))) => Some(format!("{width}x{height}")),
            _ => None,
        }
    }
}

/// The size in the first chunk of a PNG file (PNG §11.2.2), which follows the signature.
fn png_size(chunk: &[u8]) -> Option<(u32, u32)> {
    let header = chunk.get(4..16)?.strip_prefix(b"IHDR")?;
    let (width, height) = header.split_first_chunk::<4>()?;
    let height = height.first_chunk::<4>()?;
    let size = (u32::from_be_bytes(*width), u32::from_be_bytes(*height));
    (size.0 > 0 && size.1 > 0).then_some(size)
}

/// Whether a text is an XML document whose root element is `svg`.
fn is_svg(content: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(content) else {
        return false;
    };
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        let end = match rest {
            _ if rest.starts_with("<?") => "?>",
            _ if rest.starts_with("<!--") => "-->",
            _ if rest.starts_with("<!DOCTYPE") => ">",
            _ => break,
        };
        match rest.split_once(end) {
            Some((_, after)) => rest = after.trim_start(),
            None => return false,
        }
    }
    let root = rest.strip_prefix("<svg");
    let is_root =
        root.is_some_and(|it| it.starts_with(|next: char| next.is_whitespace() || next == '>'));
    is_root && rest.trim_end().ends_with("</svg>")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(content: &[u8]) -> Option<&'static str> {
        Logo::new(content.to_vec()).ok().map(|it| it.media_type())
    }

    #[test]
    fn logo_is_what_its_content_shows() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x30\0\0\0\x20\x08";
        assert_eq!(kind(png), Some("image/png"));
        let sizes = Logo::new(png.to_vec()).unwrap().sizes();
        assert_eq!(sizes.as_deref(), Some("48x32"));
        assert_eq!(kind(b"\xff\xd8\xff\xe0\0\x10JFIF"), Some("image/jpeg"));
        assert_eq!(kind(b"RIFF\x1a\0\0\0WEBPVP8L"), Some("image/webp"));
        for svg in [
            "<svg></svg>",
            "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>\n",
            "\u{feff}<?xml version=\"1.0\"?>\n<!-- <html> -->\n<!DOCTYPE svg>\n<svg\n></svg>",
        ] {
            assert_eq!(kind(svg.as_bytes()), Some("image/svg+xml"), "{svg}");
        }
    }

    #[test]
    fn file_that_is_no_image_is_not_a_logo() {
        for content in [
            b"".as_slice(),
            b"<html><svg></svg></html>",
            b"<svgs></svgs>",
            b"<svg>",
            b"<?xml",
            b"GIF89a",
            b"%PDF-1.7",
            b"\x89PNG\r\n\x1a\n",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\0\x20\x08",
            b"RIFF\x1a\0\0\0WAVE",
            b"\xfe\xff\0<\0s\0v\0g",
        ] {
            assert_eq!(kind(content), None, "{content:?}");
        }
        let large = vec![0xff; LARGEST_LOGO + 1];
        assert_eq!(Logo::new(large), Err(LogoError::TooLarge));
    }
}
