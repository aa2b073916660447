//! The tables that say how a message's fields are written: number, presence, field of the model, name.
//!
//! | presence   | protobuf                                   | JSON                        |
//! |------------|--------------------------------------------|-----------------------------|
//! | `required` | always written, must be there              | the same                    |
//! | `optional` | written if there is one                    | the same                    |
//! | `default`  | written unless it is the default of proto3 | always written, may be left out |
//! | `repeated` | one field an element                       | a list                      |
//! | `packed`   | all elements in one field                  | a list                      |
//! | `state`, `state_optional`, `state_repeated` | like those | not written: for the state only; refused in inputs |
//!
//! `messages!` makes a type a `Value`, `written!` one whose JSON is written by hand; `inputs!` adds
//! `FromJson`.

/// Makes structures of the model protobuf messages that are written as JSON.
macro_rules! messages {
    ($($type:ident { $($tag:literal $mode:ident $field:ident $name:literal,)* })*) => {
        crate::table::written! {
            $($type by |message: &$type, out: &mut crate::json::Writer<'_>| {
                $(crate::table::write_as!($mode, $name, &message.$field, out);)*
            } => { $($tag $mode $field $name,)* })*
        }
    };
}

/// Makes structures of the model protobuf messages whose JSON fields a function writes.
macro_rules! written {
    ($($type:ident by $write:expr => { $($tag:literal $mode:ident $field:ident $name:literal,)* })*) => {$(
        impl crate::value::Value for $type {
            const WIRE: crate::pb::Wire = crate::pb::Wire::Bytes;

            fn put(&self, out: &mut Vec<u8>) {
                crate::pb::put_nested(out, |out| {
                    $(crate::table::put_as!($mode, $tag, &self.$field, out);)*
                });
            }

            fn take(raw: crate::pb::Raw<'_>) -> crate::error::Result<Self> {
                let mut reader = crate::pb::Reader::new(raw.bytes()?);
                $(let mut $field = Default::default();)*
                while let Some((tag, raw)) = reader.field()? {
                    match tag {
                        $($tag => crate::table::take_as!($mode, &mut $field, raw, $name)?,)*
                        _ => return Err(crate::value::unknown_tag(tag)),
                    }
                }
                Ok($type { $($field: crate::table::finish_as!($mode, $field, $name)),* })
            }

            fn write(&self, out: &mut crate::json::Writer<'_>) {
                out.object(|out| ($write)(self, out));
            }
        }
    )*};
}

/// Makes structures of the model messages that can also be read from JSON.
macro_rules! inputs {
    ($($type:ident { $($tag:literal $mode:ident $field:ident $name:literal,)* })*) => {
        crate::table::messages! { $($type { $($tag $mode $field $name,)* })* }
        $(impl crate::value::FromJson for $type {
            fn read(json: &mut crate::json::Reader<'_>) -> crate::error::Result<Self> {
                $(let mut $field = Default::default();)*
                json.object(|json, key| match key {
                    $($name => crate::table::read_as!($mode, &mut $field, json, $name),)*
                    _ => Err(crate::error::WireError::unknown(key, &[$($name),*])),
                })?;
                Ok($type { $($field: crate::table::finish_as!($mode, $field, $name)),* })
            }

            fn check(&self) -> crate::error::Result<()> {
                $(crate::table::check_as!($mode, &self.$field, $name)?;)*
                Ok(())
            }
        })*
    };
}

macro_rules! put_as {
    (required, $tag:literal, $value:expr, $out:ident) => {
        crate::value::put($tag, $value, $out)
    };
    (optional, $tag:literal, $value:expr, $out:ident) => {
        crate::value::put_optional($tag, ($value).as_ref(), $out)
    };
    (state_optional, $tag:literal, $value:expr, $out:ident) => {
        crate::value::put_optional($tag, ($value).as_ref(), $out)
    };
    (state_repeated, $tag:literal, $value:expr, $out:ident) => {
        crate::table::put_as!(repeated, $tag, $value, $out)
    };
    (repeated, $tag:literal, $value:expr, $out:ident) => {
        for element in $value {
            crate::value::put($tag, element, $out);
        }
    };
    (packed, $tag:literal, $value:expr, $out:ident) => {
        crate::value::put_packed($tag, $value, $out)
    };
    ($default:ident, $tag:literal, $value:expr, $out:ident) => {
        crate::value::put_default($tag, $value, $out)
    };
}

macro_rules! take_as {
    (repeated, $slot:expr, $raw:ident, $name:literal) => {
        crate::value::take_element($slot, $raw, $name)
    };
    (state_repeated, $slot:expr, $raw:ident, $name:literal) => {
        crate::value::take_element($slot, $raw, $name)
    };
    (packed, $slot:expr, $raw:ident, $name:literal) => {
        crate::value::take_packed($slot, $raw, $name)
    };
    ($single:ident, $slot:expr, $raw:ident, $name:literal) => {
        crate::value::take($slot, $raw, $name)
    };
}

macro_rules! finish_as {
    (required, $slot:ident, $name:literal) => {
        Option::ok_or_else($slot, || crate::error::WireError::missing($name))?
    };
    (default, $slot:ident, $name:literal) => {
        Option::unwrap_or_default($slot)
    };
    (state, $slot:ident, $name:literal) => {
        Option::unwrap_or_default($slot)
    };
    ($as_it_is:ident, $slot:ident, $name:literal) => {
        $slot
    };
}

macro_rules! write_as {
    (optional, $name:literal, $value:expr, $out:ident) => {
        $out.optional($name, ($value).as_ref())
    };
    (repeated, $name:literal, $value:expr, $out:ident) => {{
        $out.key($name);
        $out.list($value);
    }};
    (packed, $name:literal, $value:expr, $out:ident) => {{
        $out.key($name);
        $out.list($value);
    }};
    (state, $name:literal, $value:expr, $out:ident) => {};
    (state_optional, $name:literal, $value:expr, $out:ident) => {};
    (state_repeated, $name:literal, $value:expr, $out:ident) => {};
    ($always:ident, $name:literal, $value:expr, $out:ident) => {
        $out.field($name, $value)
    };
}

macro_rules! read_as {
    (state, $slot:expr, $json:ident, $name:literal) => {{
        let _ = $slot;
        Err(crate::value::filled_in($name))
    }};
    (state_optional, $slot:expr, $json:ident, $name:literal) => {{
        let _ = $slot;
        Err(crate::value::filled_in($name))
    }};
    (state_repeated, $slot:expr, $json:ident, $name:literal) => {{
        let _ = $slot;
        Err(crate::value::filled_in($name))
    }};
    (repeated, $slot:expr, $json:ident, $name:literal) => {
        crate::value::read_list($slot, $json, $name)
    };
    (packed, $slot:expr, $json:ident, $name:literal) => {
        crate::value::read_list($slot, $json, $name)
    };
    ($single:ident, $slot:expr, $json:ident, $name:literal) => {
        crate::value::read($slot, $json, $name)
    };
}

macro_rules! check_as {
    (state, $value:expr, $name:literal) => {
        crate::value::check_absent(crate::value::Value::is_default($value), $name)
    };
    (state_optional, $value:expr, $name:literal) => {
        crate::value::check_absent(($value).is_none(), $name)
    };
    (state_repeated, $value:expr, $name:literal) => {
        crate::value::check_absent(($value).is_empty(), $name)
    };
    (optional, $value:expr, $name:literal) => {
        ($value)
            .iter()
            .try_for_each(crate::value::FromJson::check)
            .map_err(|error| error.at($name))
    };
    (repeated, $value:expr, $name:literal) => {
        crate::value::check_list($value, $name)
    };
    (packed, $value:expr, $name:literal) => {
        crate::value::check_list($value, $name)
    };
    ($single:ident, $value:expr, $name:literal) => {
        crate::value::FromJson::check($value).map_err(|error| error.at($name))
    };
}

/// Makes enums of the model protobuf enums, with their words in JSON. A number 0 is the default of
/// proto3; where no variant has it, a missing field is an error.
macro_rules! words {
    ($($type:ident { $($variant:ident = $number:literal $word:literal,)* })*) => {$(
        impl crate::value::Value for $type {
            const WIRE: crate::pb::Wire = crate::pb::Wire::Varint;

            fn is_default(&self) -> bool {
                crate::words::Words::number(self) == 0
            }

            fn put(&self, out: &mut Vec<u8>) {
                crate::pb::put_varint(crate::words::Words::number(self), out);
            }

            fn take(raw: crate::pb::Raw<'_>) -> crate::error::Result<Self> {
                match raw.varint()? {
                    $($number => Ok($type::$variant),)*
                    other => Err(crate::words::unknown_number(other, <Self as crate::words::Words>::ALL)),
                }
            }

            fn write(&self, out: &mut crate::json::Writer<'_>) {
                out.quoted(crate::words::Words::word(self));
            }
        }

        impl crate::words::Words for $type {
            const ALL: &'static [&'static str] = &[$($word),*];

            fn number(&self) -> u64 {
                match self { $($type::$variant => $number,)* }
            }

            fn word(&self) -> &'static str {
                match self { $($type::$variant => $word,)* }
            }
        }

        impl crate::value::FromJson for $type {
            fn read(json: &mut crate::json::Reader<'_>) -> crate::error::Result<Self> {
                let text = json.text("a word")?;
                match &*text {
                    $($word => Ok($type::$variant),)*
                    _ => Err(crate::words::unknown_word(&text, <Self as crate::words::Words>::ALL)),
                }
            }
        }
    )*};
}

/// Makes an enum of bodies the `oneof` of its message: one field number and one JSON key a variant; `in streams`
/// those of events, each of which has a stream.
macro_rules! bodies {
    ($type:ident in streams { $($tag:literal $variant:ident $word:literal,)* }) => {
        crate::table::bodies! { $type { $($tag $variant $word,)* } }

        /// The stream of the kind with this field number; none if there is no such kind.
        pub(crate) const fn stream_of(tag: u32) -> Option<Stream> {
            match tag {
                $($tag => Some(streams::$variant),)*
                _ => None,
            }
        }
    };
    ($type:ident { $($tag:literal $variant:ident $word:literal,)* }) => {
        /// Appends the body as the field of its kind.
        pub(crate) fn put(body: &$type, out: &mut Vec<u8>) {
            match body { $($type::$variant(value) => crate::value::put($tag, value, out),)* }
        }

        /// Reads the body of the kind with this field number; none if there is no such kind.
        pub(crate) fn take(
            tag: u32,
            raw: crate::pb::Raw<'_>,
        ) -> crate::error::Result<Option<$type>> {
            let body = match tag {
                $($tag => crate::value::Value::take(raw)
                    .map($type::$variant)
                    .map_err(|error| error.at($word))?,)*
                _ => return Ok(None),
            };
            Ok(Some(body))
        }

        /// Appends the body as the JSON field of its kind.
        pub(crate) fn write(body: &$type, out: &mut crate::json::Writer<'_>) {
            match body { $($type::$variant(value) => out.field($word, value),)* }
        }
    };
}

pub(crate) use {
    bodies, check_as, finish_as, inputs, messages, put_as, read_as, take_as, words, write_as,
    written,
};
