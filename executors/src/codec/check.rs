//! Checks that a value can be read back unchanged.
//!
//! postcard writes values one after the other, without names. If a type omits a value when it is
//! written, but not when it is read, then it is read as another value, possibly without an error.
//! So the bytes are read back and written again, and compared.

use std::any::TypeId;
use std::collections::HashSet;
use std::sync::{Mutex, OnceLock, PoisonError};

use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::read::read_exactly;
use super::write::SHORT;
use crate::panics;

/// Values up to this size are checked every time. Of larger ones only the first of each type is
/// checked, because the check takes about as long as writing and reading.
const EVERY_TIME: usize = 4 << 10;

/// A writer that compares the bytes with the expected ones.
struct Same<'a> {
    expected: &'a [u8],
    same: bool,
}

impl Flavor for Same<'_> {
    type Output = bool;

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        let Some((start, rest)) = self.expected.split_at_checked(bytes.len()) else {
            self.same = false;
            return Ok(());
        };
        // Numbers have only a few bytes: a loop is faster than a function call.
        self.same &= if bytes.len() <= SHORT {
            start.iter().zip(bytes).all(|(a, b)| a == b)
        } else {
            start == bytes
        };
        self.expected = rest;
        Ok(())
    }

    fn finalize(self) -> postcard::Result<bool> {
        Ok(self.same && self.expected.is_empty())
    }
}

/// Returns an error if `bytes` can't be read back as a `T` that is written as the same bytes.
pub(super) fn survives<T: Serialize + DeserializeOwned + 'static>(
    bytes: &[u8],
) -> Result<(), String> {
    let id = TypeId::of::<T>();
    if is_plain(id) || bytes.len() > EVERY_TIME && !first_of(id) {
        return Ok(());
    }
    // Reading runs code of the type, and so does dropping the value.
    panics::catch(|| {
        let value: T = read_exactly(bytes)?;
        let expected = Same {
            expected: bytes,
            same: true,
        };
        match postcard::serialize_with_flavor(&value, expected) {
            Ok(true) => Ok(()),
            Ok(false) => reordered(&value, bytes),
            Err(error) => Err(error.to_string()),
        }
    })
    .unwrap_or_else(|panic| Err(format!("reading it back {panic}")))
}

/// A map or set may be read back in another order: then the same bytes are in other places.
fn reordered<T: Serialize>(value: &T, bytes: &[u8]) -> Result<(), String> {
    let counts = |bytes: &[u8]| {
        let mut counts = [0usize; 256];
        bytes.iter().for_each(|&byte| counts[byte as usize] += 1);
        counts
    };
    let again = postcard::to_stdvec(value).map_err(|error| error.to_string())?;
    if again.len() == bytes.len() && counts(&again) == counts(bytes) {
        return Ok(());
    }
    Err(
        "read back, it is another value: the format has no names, so values must be \
         read in the same order; does the type use `#[serde(skip)]` on a variant, or another of \
         the attributes that the documentation of `Job` lists?"
            .to_owned(),
    )
}

/// Whether serde itself implements reading and writing for this type: then it can't omit a value.
/// Many outputs have such types.
fn is_plain(id: TypeId) -> bool {
    macro_rules! is_one_of {
        ($($type:ty),*) => { $(id == TypeId::of::<$type>())||* };
    }
    is_one_of!(
        (),
        bool,
        char,
        u8,
        u16,
        u32,
        u64,
        u128,
        usize,
        i8,
        i16,
        i32,
        i64,
        i128,
        isize,
        f32,
        f64,
        String
    )
}

/// Whether this is the first call for this type.
fn first_of(id: TypeId) -> bool {
    static SEEN: OnceLock<Mutex<HashSet<TypeId>>> = OnceLock::new();
    let seen = SEEN.get_or_init(Mutex::default);
    seen.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(id)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::HashMap;

    fn check<T: Serialize + DeserializeOwned + 'static>(value: &T) -> Result<(), String> {
        survives::<T>(&postcard::to_stdvec(value).expect("it can be written"))
    }

    #[derive(Serialize, Deserialize)]
    enum Command {
        #[serde(skip)]
        #[expect(dead_code, reason = "it shifts the others")]
        Internal,
        Keep,
        DeleteAll,
        Last,
    }

    #[test]
    fn a_variant_that_is_read_as_another_is_refused() {
        let error = check(&Command::Keep).unwrap_err();
        assert!(error.contains("read back, it is another value"), "{error}");
        assert!(check(&Command::DeleteAll).is_err());
        assert!(check(&Command::Last).is_err());
    }

    #[derive(Serialize, Deserialize)]
    struct Skipping {
        #[serde(skip_serializing_if = "Option::is_none")]
        first: Option<u8>,
        second: u8,
        third: u8,
    }

    #[test]
    fn a_field_that_is_left_out_is_noticed_when_it_is() {
        let value = |first| Skipping {
            first,
            second: 1,
            third: 5,
        };
        assert_eq!(check(&value(Some(2))), Ok(()));
        assert!(check(&value(None)).is_err());
    }

    #[test]
    fn maps_may_change_their_order() {
        let map: HashMap<u32, String> = (0..100).map(|n| (n, n.to_string())).collect();
        assert_eq!(check(&map), Ok(()));
        assert_eq!(check(&vec![f64::NAN, 1.0]), Ok(()));
    }

    #[derive(Serialize)]
    struct Stubborn;

    impl<'de> Deserialize<'de> for Stubborn {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            panic!("not to be read");
        }
    }

    #[test]
    fn a_panic_in_reading_is_an_error() {
        panics::install();
        let error = check(&Stubborn).unwrap_err();
        assert!(error.contains("not to be read"), "{error}");
    }
}
