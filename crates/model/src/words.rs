//! Enums of which every variant has a word.

/// Defines an enum of which every variant has a word.
macro_rules! worded {
    ($(#[$of_enum:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$of_enum])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize,
            serde::Deserialize,
        )]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// All of them with their words, in order.
            pub const WORDS: [($name, &'static str); [$($word,)*].len()] =
                [$(($name::$variant, $word),)*];

            /// Its word.
            pub const fn word(self) -> &'static str {
                $name::WORDS[self as usize].1
            }
        }
    };
}

pub(crate) use worded;
