//! Colours, and their contrast (WCAG 2.2).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The least contrast of text with what is behind it (WCAG 2.2, 1.4.3 level AA).
pub(crate) const TEXT_CONTRAST: f64 = 4.5;

/// An sRGB colour, written `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color([u8; 3]);

/// The two looks of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

/// The colours that mark links, buttons and choices on a page, all derived from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accent {
    /// Links, and what the main button is filled with.
    pub(crate) main: Color,
    /// The same under the pointer.
    pub(crate) hover: Color,
    /// The background of what is chosen.
    pub(crate) soft: Color,
    /// Text on `main` and `hover`.
    pub(crate) on: Color,
}

/// A colour that cannot be read on the pages of a scheme.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Faint {
    /// The colour.
    color: Color,
    /// The background on which it contrasts least.
    background: Color,
    scheme: Scheme,
    /// The contrast.
    ratio: f64,
    /// The nearest darker or lighter colour that can be read.
    instead: Color,
}

impl Color {
    const BLACK: Color = Color([0; 3]);
    const WHITE: Color = Color([255; 3]);

    /// The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio").
    pub(crate) fn contrast(self, other: Color) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// The relative luminance, 0 to 1 (WCAG 2.2, "relative luminance").
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|channel| {
            let share = f64::from(channel) / 255.0;
            match share <= 0.04045 {
                true => share / 12.92,
                false => ((share + 0.055) / 1.055).powf(2.4),
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// This colour with so many percent of another one, 0 to 100.
    fn mixed(self, other: Color, percent: u16) -> Color {
        let percent = percent.min(100);
        let mut mixed = self.0;
        for (own, other) in mixed.iter_mut().zip(other.0) {
            let sum = u16::from(*own) * (100 - percent) + u16::from(other) * percent;
            *own = u8::try_from(sum / 100).unwrap_or(u8::MAX);
        }
        Color(mixed)
    }
}

impl Scheme {
    /// The background of a page.
    pub(crate) fn page(self) -> Color {
        match self {
            Scheme::Light => Color([0xf5, 0xf6, 0xf8]),
            Scheme::Dark => Color([0x0e, 0x11, 0x16]),
        }
    }

    /// The background of a card on it.
    pub(crate) fn surface(self) -> Color {
        match self {
            Scheme::Light => Color::WHITE,
            Scheme::Dark => Color([0x16, 0x1b, 0x23]),
        }
    }

    /// What a colour is mixed with so that it contrasts more.
    fn ink(self) -> Color {
        match self {
            Scheme::Light => Color::BLACK,
            Scheme::Dark => Color::WHITE,
        }
    }
}

impl Accent {
    /// Derives the colours from one that can be read on the pages of a scheme.
    ///
    /// # Errors
    /// Where it cannot be read on one of the backgrounds.
    pub(crate) fn new(color: Color, scheme: Scheme) -> Result<Accent, Faint> {
        let accent = Accent::of(color, scheme);
        let (background, ratio) = accent.least(scheme);
        match ratio >= TEXT_CONTRAST {
            true => Ok(accent),
            false => Err(Faint {
                color,
                background,
                scheme,
                ratio,
                instead: Accent::nearest(color, scheme).main,
            }),
        }
    }

    /// The colours of the nearest darker (light pages) or lighter (dark pages) colour that can be
    /// read.
    pub(crate) fn nearest(color: Color, scheme: Scheme) -> Accent {
        let mixtures = (0..100).map(|percent| color.mixed(scheme.ink(), percent));
        let mut accents = mixtures.map(|color| Accent::of(color, scheme));
        let found = accents.find(|accent| accent.least(scheme).1 >= TEXT_CONTRAST);
        found.unwrap_or_else(|| Accent::of(scheme.ink(), scheme))
    }

    fn of(color: Color, scheme: Scheme) -> Accent {
        let (soft, on) = match scheme {
            Scheme::Light => (8, Color::WHITE),
            Scheme::Dark => (14, scheme.page()),
        };
        Accent {
            main: color,
            hover: color.mixed(scheme.ink(), 20),
            soft: scheme.surface().mixed(color, soft),
            on,
        }
    }

    /// The background on which the colour contrasts least, and how much. What is written on the
    /// colour itself contrasts more than the colour does with these.
    fn least(&self, scheme: Scheme) -> (Color, f64) {
        let mut least = (scheme.surface(), self.main.contrast(scheme.surface()));
        for background in [scheme.page(), self.soft] {
            let ratio = self.main.contrast(background);
            if ratio < least.1 {
                least = (background, ratio);
            }
        }
        least
    }
}

impl fmt::Display for Faint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Faint {
            color,
            background,
            scheme,
            ratio,
            instead,
        } = self;
        let pages = match scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        // Rounded down, so that 4.49 is not shown as enough.
        let ratio = (ratio * 100.0).floor() / 100.0;
        write!(
            formatter,
            "`{color}` has a contrast of {ratio:.2}:1 with the background `{background}` of {pages} \
             pages, and WCAG 2.2 AA demands {TEXT_CONTRAST}:1; `{instead}` has enough"
        )
    }
}

impl FromStr for Color {
    type Err = String;

    fn from_str(text: &str) -> Result<Color, String> {
        let error = || format!("`{text}` is not a colour; write one like `#2453c9`");
        let digits = text.strip_prefix('#').ok_or_else(error)?;
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(error());
        }
        let number = u32::from_str_radix(digits, 16).map_err(|_| error())?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Color([red, green, blue]))
    }
}

impl fmt::Display for Color {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(formatter, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Serialize for Color {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Color {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Color, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn color(text: &str) -> Color {
        text.parse().unwrap()
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((Color::BLACK.contrast(Color::WHITE) - 21.0).abs() < 1e-9);
        assert!((color("#777777").contrast(Color::WHITE) - 4.478).abs() < 1e-3);
    }

    #[test]
    fn color_that_is_too_faint_is_refused_with_one_that_is_not() {
        let faint = Accent::new(color("#ffcc00"), Scheme::Light).unwrap_err();
        let message = faint.to_string();
        assert!(
            message.starts_with("`#ffcc00` has a contrast of 1.39:1"),
            "{message}"
        );
        assert!(Accent::new(faint.instead, Scheme::Light).is_ok());
        let faint = Accent::new(color("#2453c9"), Scheme::Dark).unwrap_err();
        assert!(Accent::new(faint.instead, Scheme::Dark).is_ok());
    }

    #[test]
    fn every_color_has_a_readable_accent_in_both_schemes() {
        let steps = [0, 51, 102, 153, 204, 255];
        for red in steps {
            for green in steps {
                for blue in steps {
                    for scheme in [Scheme::Light, Scheme::Dark] {
                        let accent = Accent::nearest(Color([red, green, blue]), scheme);
                        let pairs = [
                            (accent.main, scheme.page()),
                            (accent.main, scheme.surface()),
                            (accent.main, accent.soft),
                            (accent.hover, scheme.surface()),
                            (accent.on, accent.main),
                            (accent.on, accent.hover),
                        ];
                        for (front, back) in pairs {
                            let ratio = front.contrast(back);
                            assert!(ratio >= TEXT_CONTRAST, "{front} on {back}: {ratio:.2}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn only_six_hexadecimal_digits_are_a_color() {
        for text in [
            "",
            "#",
            "#fff",
            "2453c9",
            "#2453cg",
            "#+453c9",
            "#2453c9ff",
            "red",
        ] {
            assert!(text.parse::<Color>().is_err(), "{text}");
        }
        assert_eq!(color("#AbCdEf").to_string(), "#abcdef");
    }
}
