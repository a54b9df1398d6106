//! Finds the reason why bytes can't be read, with the message of the type's own code.
//!
//! postcard drops the messages of `Deserialize` implementations. So bytes that can't be read are
//! read again by this deserializer, which keeps the message. It knows postcard's wire format
//! (<https://postcard.jamesmunns.com/wire-format>) and is only used after a failure.

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::message::Message;

/// The reason why `bytes` can't be read as a `T`; `None` if they can.
pub(super) fn why<T: DeserializeOwned>(bytes: &[u8]) -> Option<String> {
    let mut reader = Reader { bytes };
    T::deserialize(&mut reader).err().map(|error| error.0)
}

type Result<T> = std::result::Result<T, Message>;

struct Reader<'de> {
    bytes: &'de [u8],
}

impl<'de> Reader<'de> {
    fn take(&mut self, count: usize) -> Result<&'de [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or_else(|| {
            Message(format!(
                "it ends too early: {count} more bytes are needed, and {} are left",
                self.bytes.len()
            ))
        })?;
        self.bytes = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    /// Reads a number: seven bits per byte, the lowest first. The high bit means that more bytes
    /// follow.
    fn number(&mut self, bits: u32) -> Result<u128> {
        let too_large = || Message(format!("a number takes more than {bits} bits"));
        let mut number = 0u128;
        for shift in (0..bits).step_by(7) {
            let byte = self.byte()?;
            let part = u128::from(byte & 0x7F);
            number |= part << shift;
            if (number >> shift) != part || (bits < 128 && number >> bits != 0) {
                return Err(too_large());
            }
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(too_large())
    }

    /// Like [`number`](Self::number), with the sign in the lowest bit.
    fn signed(&mut self, bits: u32) -> Result<i128> {
        let number = self.number(bits)?;
        Ok((number >> 1) as i128 ^ -((number & 1) as i128))
    }

    fn length(&mut self) -> Result<usize> {
        Ok(self.number(usize::BITS)? as usize)
    }

    fn text(&mut self) -> Result<&'de str> {
        let length = self.length()?;
        std::str::from_utf8(self.take(length)?).map_err(de::Error::custom)
    }
}

/// Numbers: the trait's method, the visitor's method, and the function that reads the number.
macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty: $read:ident($bits:expr),)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            visitor.$visit(self.$read($bits)? as $type)
        }
    )*};
}

/// Methods that a format without names can't support.
macro_rules! impossible {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value> {
            Err(Message(
                "the type asks the format for the type of the next value, which it does not store (does it \
                 use `flatten`, `untagged` or `tag`?)"
                    .to_owned(),
            ))
        }
    )*};
}

impl<'de> de::Deserializer<'de> for &mut Reader<'de> {
    type Error = Message;

    numbers! {
        deserialize_u16 visit_u16 u16: number(16),
        deserialize_u32 visit_u32 u32: number(32),
        deserialize_u64 visit_u64 u64: number(64),
        deserialize_u128 visit_u128 u128: number(128),
        deserialize_i16 visit_i16 i16: signed(16),
        deserialize_i32 visit_i32 i32: signed(32),
        deserialize_i64 visit_i64 i64: signed(64),
        deserialize_i128 visit_i128 i128: signed(128),
    }

    impossible! { deserialize_any deserialize_identifier deserialize_ignored_any }

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_u8(self.byte()?)
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_i8(self.byte()? as i8)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.byte()? {
            0 => visitor.visit_bool(false),
            1 => visitor.visit_bool(true),
            other => Err(Message(format!("{other} is no truth value"))),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let bytes = self.take(4)?.try_into().map_err(de::Error::custom)?;
        visitor.visit_f32(f32::from_le_bytes(bytes))
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let bytes = self.take(8)?.try_into().map_err(de::Error::custom)?;
        visitor.visit_f64(f64::from_le_bytes(bytes))
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let text = self.text()?;
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(char), None) => visitor.visit_char(char),
            _ => Err(Message(format!("{text:?} is not one character"))),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let length = self.length()?;
        visitor.visit_borrowed_bytes(self.take(length)?)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.byte()? {
            0 => visitor.visit_none(),
            1 => visitor.visit_some(self),
            other => Err(Message(format!("{other} is neither none nor some"))),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let left = self.length()?;
        visitor.visit_seq(Items { reader: self, left })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, left: usize, visitor: V) -> Result<V::Value> {
        visitor.visit_seq(Items { reader: self, left })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let left = self.length()?;
        visitor.visit_map(Items { reader: self, left })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_tuple(fields.len(), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_enum(self)
    }
}

/// A fixed number of consecutive values.
struct Items<'a, 'de> {
    reader: &'a mut Reader<'de>,
    left: usize,
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Message;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(&mut *self.reader).map(Some)
    }
}

impl<'de> MapAccess<'de> for Items<'_, 'de> {
    type Error = Message;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        self.next_element_seed(seed)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        seed.deserialize(&mut *self.reader)
    }
}

impl<'de> EnumAccess<'de> for &mut Reader<'de> {
    type Error = Message;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self)> {
        let variant = self.number(32)? as u32;
        let value = seed.deserialize(variant.into_deserializer())?;
        Ok((value, self))
    }
}

impl<'de> VariantAccess<'de> for &mut Reader<'de> {
    type Error = Message;

    fn unit_variant(self) -> Result<()> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value> {
        de::Deserializer::deserialize_tuple(self, length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        de::Deserializer::deserialize_tuple(self, fields.len(), visitor)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};
    use std::collections::BTreeMap;

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    enum Shape {
        Nothing,
        Wrapped(Option<i64>),
        Pair(u8, String),
        Named {
            truth: bool,
            letter: char,
            bytes: Vec<u16>,
        },
    }

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct All {
        unsigned: (u8, u16, u32, u64, u128, usize),
        signed: (i8, i16, i32, i64, i128, isize),
        floats: [f64; 2],
        single: f32,
        map: BTreeMap<String, ()>,
        shapes: Vec<Shape>,
    }

    /// This deserializer must be able to read everything that postcard writes.
    #[test]
    fn what_postcard_writes_is_read() {
        let all = All {
            unsigned: (255, u16::MAX, u32::MAX, u64::MAX, u128::MAX, usize::MAX),
            signed: (i8::MIN, i16::MIN, -1, i64::MIN, i128::MIN, isize::MAX),
            floats: [1.5, f64::INFINITY],
            single: -0.5,
            map: [("key".to_owned(), ())].into(),
            shapes: vec![
                Shape::Nothing,
                Shape::Wrapped(Some(-5)),
                Shape::Wrapped(None),
                Shape::Pair(7, "seven".to_owned()),
                Shape::Named {
                    truth: true,
                    letter: 'ß',
                    bytes: vec![1, 300],
                },
            ],
        };
        let bytes = postcard::to_stdvec(&all).expect("it can be written");
        let mut reader = Reader { bytes: &bytes };
        assert_eq!(All::deserialize(&mut reader).map_err(|e| e.0), Ok(all));
        assert!(reader.bytes.is_empty());
        for length in 0..bytes.len() {
            assert!(why::<All>(&bytes[..length]).is_some());
        }
    }

    #[test]
    fn a_type_s_own_words_are_kept() {
        let message = why::<std::num::NonZeroU32>(&[0]).expect("zero is none");
        assert!(message.contains("nonzero"), "{message}");
        let message = why::<Vec<Shape>>(&[1, 9]).expect("there is no ninth");
        assert!(
            message.contains("expected variant index 0 <= i < 4"),
            "{message}"
        );
        let message = why::<String>(&[200, 1]).expect("it is cut off");
        assert!(message.contains("ends too early"), "{message}");
    }
}
