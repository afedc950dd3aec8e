//! Kinds of values that TOML does not have.

use std::{borrow::Cow, fmt, net::SocketAddr, str::FromStr};

use ephor_front::network::Network;
use ephor_identity::Origin;
use ephor_store::Location;
use jiff::{SignedDuration, Span, SpanRelativeTo};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

/// A length of time: `"30m"`, `"12h"`, `"90d"`, `"PT1H30M"`, or a whole number of seconds. A day has 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(pub SignedDuration);

impl Period {
    /// So many seconds.
    #[must_use]
    pub const fn seconds(count: i64) -> Self {
        Self(SignedDuration::from_secs(count))
    }

    /// As the standard library has it; zero for a negative one, which [`FromStr`] does not let in.
    #[must_use]
    pub fn std(self) -> std::time::Duration {
        std::time::Duration::try_from(self.0).unwrap_or_default()
    }

    /// Whole seconds.
    #[must_use]
    pub fn whole_seconds(self) -> u64 {
        u64::try_from(self.0.as_secs()).unwrap_or_default()
    }
}

const PERIOD: &str = "a length of time such as \"30m\", \"12h\", \"90d\", \"PT1H\", or a whole number of seconds";

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected {PERIOD}");
        if let Ok(seconds) = text.trim().parse::<u32>() {
            return Ok(Self::seconds(i64::from(seconds)));
        }
        let span: Span = text.trim().parse().map_err(|_| wrong())?;
        let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
        if length.is_negative() { Err(wrong()) } else { Ok(Self(length)) }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAY: i64 = 86_400;
        let seconds = self.0.as_secs();
        if seconds > 0 && seconds % DAY == 0 { write!(f, "{}d", seconds / DAY) } else { write!(f, "{:#}", self.0) }
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl Visitor<'_> for Read {
            type Value = Period;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(PERIOD)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Period, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Period, E> {
                u32::try_from(seconds)
                    .map(|seconds| Period::seconds(i64::from(seconds)))
                    .map_err(|_| E::custom(format!("expected {PERIOD}")))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

impl JsonSchema for Period {
    fn schema_name() -> Cow<'static, str> {
        "Period".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"], "format": "duration" })
    }
}

/// A value that is written as a text of its own form.
trait Written: FromStr + fmt::Display {
    /// What it is, for mistakes: `an address and port such as 127.0.0.1:8086`.
    const WANTED: &'static str;
    /// Its `format` in the schema.
    const FORMAT: &'static str;
}

/// A [`Written`] value in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<T>(pub T);

impl Written for SocketAddr {
    const WANTED: &'static str = "an IP address and a port such as \"127.0.0.1:8086\" or \"[::1]:8086\"";
    const FORMAT: &'static str = "address and port";
}

impl Written for Origin {
    const WANTED: &'static str =
        "an origin such as \"https://ephor.example\": scheme, host, a port if it is not the usual one, no path";
    const FORMAT: &'static str = "origin";
}

impl Written for Network {
    const WANTED: &'static str = "an IP address or a network such as \"10.0.0.0/8\"";
    const FORMAT: &'static str = "network";
}

impl Written for Location {
    const WANTED: &'static str = "\"sqlite:PATH\" or \"postgres://USER@HOST/DATABASE\"";
    const FORMAT: &'static str = "store";
}

impl<T: Written> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: Written> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = || de::Error::custom(format!("expected {}", T::WANTED));
        let text = String::deserialize(deserializer).map_err(|_| wrong())?;
        text.trim().parse().map(Self).map_err(|_| wrong())
    }
}

impl<T: Written> JsonSchema for Text<T> {
    fn schema_name() -> Cow<'static, str> {
        T::FORMAT.into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": T::FORMAT })
    }
}

/// Reads a list, or one value instead of a list of one.
pub(crate) fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Read<T>(std::marker::PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Read<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text or a list of texts")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
            let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
            words.map(|word| T::deserialize(de::value::StrDeserializer::<E>::new(word))).collect()
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(item) = items.next_element()? {
                list.push(item);
            }
            Ok(list)
        }
    }

    deserializer.deserialize_any(Read(std::marker::PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods() {
        for (text, seconds, shown) in [
            ("30m", 1800, "30m"),
            ("PT1H30M", 5400, "1h 30m"),
            ("90d", 7_776_000, "90d"),
            ("P1D", 86_400, "1d"),
            ("45", 45, "45s"),
            ("1 hour 5 seconds", 3605, "1h 5s"),
            ("0s", 0, "0s"),
        ] {
            let period: Period = text.parse().expect(text);
            assert_eq!((period.0.as_secs(), period.to_string().as_str()), (seconds, shown), "{text}");
        }
        for text in ["", "x", "-5m", "1mo", "1y", "99999999999"] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }
}
