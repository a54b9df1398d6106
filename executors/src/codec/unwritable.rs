//! Finds the reason why a value can't be written, with the message of the type's own code.
//!
//! postcard drops the messages of `Serialize` implementations, also of derived ones. So a value
//! that can't be written is visited again by this serializer, which writes nothing and keeps the
//! message. It is only used after a failure.

use serde::Serialize;
use serde::ser::{self, Serializer};

use super::message::Message;

/// The reason why `value` can't be written; `None` if there is none.
pub(super) fn why<T: Serialize>(value: &T) -> Option<String> {
    value.serialize(Visit).err().map(|error| error.0)
}

type Result<T = ()> = std::result::Result<T, Message>;

/// Visits a value and all values in it.
#[derive(Clone, Copy)]
struct Visit;

/// The format needs the length of a sequence or map before its values.
fn known(length: Option<usize>) -> Result<Visit> {
    length.map(|_| Visit).ok_or_else(|| {
        Message(
            "the type writes a sequence or map whose length it does not know beforehand, which \
             this format can't carry (does it use `flatten`?)"
                .to_owned(),
        )
    })
}

/// Values that contain no other value.
macro_rules! leaves {
    ($($method:ident($($argument:ty),*);)*) => {$(
        fn $method(self $(, _: $argument)*) -> Result {
            Ok(())
        }
    )*};
}

/// The parts of a compound value: the trait, and its method for one part.
macro_rules! parts {
    ($($compound:ident $method:ident($($name:ty)?);)*) => {$(
        impl ser::$compound for Visit {
            type Ok = ();
            type Error = Message;

            fn $method<T: Serialize + ?Sized>(&mut self $(, _: $name)?, value: &T) -> Result {
                value.serialize(Visit)
            }

            fn end(self) -> Result {
                Ok(())
            }
        }
    )*};
}

parts! {
    SerializeSeq serialize_element();
    SerializeTuple serialize_element();
    SerializeTupleStruct serialize_field();
    SerializeTupleVariant serialize_field();
    SerializeStruct serialize_field(&'static str);
    SerializeStructVariant serialize_field(&'static str);
}

impl ser::SerializeMap for Visit {
    type Ok = ();
    type Error = Message;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result {
        key.serialize(Visit)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        value.serialize(Visit)
    }

    fn end(self) -> Result {
        Ok(())
    }
}

impl Serializer for Visit {
    type Ok = ();
    type Error = Message;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    leaves! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(&'static str);
        serialize_unit_variant(&'static str, u32, &'static str);
    }

    // As in postcard. Some types have another form for people.
    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result {
        value.serialize(self)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Self> {
        known(length)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self> {
        Ok(self)
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Self> {
        known(length)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self> {
        Ok(self)
    }
}
