//! The token table: it gives names to sources. A name fits into the system's token, and is never
//! given twice.

use std::io;

/// The name of a registered source.
///
/// The system reports it with every event of the source. An event may be late: it was collected
/// before the source was removed. No later source ever has the same token, so nobody mistakes a
/// late event for an event of a new source.
///
/// # Examples
///
/// ```
/// use event_loop::TokenTable;
///
/// # fn main() -> std::io::Result<()> {
/// let mut table = TokenTable::default();
/// let ann = table.insert("ann")?;
/// table.remove(ann);
/// // The same place, but another token.
/// let bob = table.insert("bob")?;
/// assert!(ann != bob && ann.index() == bob.index());
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token {
    index: u32,
    generation: u32,
}

/// An index and a generation share mio's token, half each.
const INDEX_BITS: u32 = usize::BITS / 2;
const INDEX_MASK: usize = (1 << INDEX_BITS) - 1;
/// On 32-bit systems there is less room for it.
const LAST_GENERATION: u32 = INDEX_MASK as u32;

impl Token {
    /// The place in the table. It is a small number, and is used again after the source is removed.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::TokenTable;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut table = TokenTable::default();
    /// let ann = table.insert("ann")?;
    /// assert_eq!(ann.index(), 0);
    /// # Ok(()) }
    /// ```
    pub fn index(self) -> usize {
        self.index as usize
    }

    pub(crate) fn to_mio(self) -> mio::Token {
        mio::Token((self.generation as usize) << INDEX_BITS | self.index as usize)
    }

    pub(crate) fn of_mio(token: mio::Token) -> Token {
        Token {
            index: (token.0 & INDEX_MASK) as u32,
            generation: (token.0 >> INDEX_BITS) as u32,
        }
    }
}

/// A table of values, each under its token.
///
/// A place in the table is used again, and its next token has the next generation. A place whose
/// generations are used up (after four billion sources) is never used again.
///
/// # Examples
///
/// ```
/// use event_loop::TokenTable;
///
/// # fn main() -> std::io::Result<()> {
/// let mut table = TokenTable::default();
/// let ann = table.insert("ann")?;
/// assert_eq!(table.remove(ann), Some("ann"));
/// let bob = table.insert("bob")?;
/// assert_eq!((ann.index(), bob.index()), (0, 0));
/// assert_ne!(ann, bob);
/// assert_eq!((table.get(ann), table.get(bob)), (None, Some(&"bob")));
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct TokenTable<S> {
    slots: Vec<Slot<S>>,
    free: Vec<u32>,
    taken: usize,
}

#[derive(Debug)]
struct Slot<S> {
    generation: u32,
    value: Option<S>,
}

impl<S> Default for TokenTable<S> {
    fn default() -> Self {
        TokenTable {
            slots: Vec::new(),
            free: Vec::new(),
            taken: 0,
        }
    }
}

impl<S> TokenTable<S> {
    /// Adds a value and returns its token.
    ///
    /// # Errors
    ///
    /// When the table is full: at four billion values, on 32-bit systems at 65,533.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::TokenTable;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut table = TokenTable::default();
    /// let ann = table.insert("ann")?;
    /// let other = table.insert("ann")?;
    /// assert_ne!(ann, other);
    /// # Ok(()) }
    /// ```
    pub fn insert(&mut self, value: S) -> io::Result<Token> {
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                let index = self.slots.len();
                // The largest indices belong to the loop itself.
                if index >= INDEX_MASK - 1 {
                    return Err(io::Error::other(format!("over {index} sources")));
                }
                self.slots.push(Slot {
                    generation: 0,
                    value: None,
                });
                index as u32
            }
        };
        let slot = &mut self.slots[index as usize];
        slot.value = Some(value);
        self.taken += 1;
        Ok(Token {
            index,
            generation: slot.generation,
        })
    }

    /// Removes a value and returns it; `None` if it was removed before.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::TokenTable;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut table = TokenTable::default();
    /// let ann = table.insert("ann")?;
    /// assert_eq!(table.remove(ann), Some("ann"));
    /// assert_eq!(table.remove(ann), None);
    /// # Ok(()) }
    /// ```
    pub fn remove(&mut self, token: Token) -> Option<S> {
        let slot = self.slots.get_mut(token.index())?;
        if slot.generation != token.generation {
            return None;
        }
        let value = slot.value.take()?;
        self.taken -= 1;
        if slot.generation < LAST_GENERATION {
            slot.generation += 1;
            self.free.push(token.index);
        }
        Some(value)
    }

    /// The value of a token.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::TokenTable;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut table = TokenTable::default();
    /// let ann = table.insert("ann")?;
    /// assert_eq!(table.get(ann), Some(&"ann"));
    /// # Ok(()) }
    /// ```
    pub fn get(&self, token: Token) -> Option<&S> {
        let slot = self.slots.get(token.index())?;
        slot.value
            .as_ref()
            .filter(|_| slot.generation == token.generation)
    }

    /// The value of a token, to change it.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::TokenTable;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut table = TokenTable::default();
    /// let ann = table.insert("ann")?;
    /// if let Some(name) = table.get_mut(ann) {
    ///     *name = "Ann";
    /// }
    /// assert_eq!(table.get(ann), Some(&"Ann"));
    /// # Ok(()) }
    /// ```
    pub fn get_mut(&mut self, token: Token) -> Option<&mut S> {
        let slot = self.slots.get_mut(token.index())?;
        slot.value
            .as_mut()
            .filter(|_| slot.generation == token.generation)
    }

    /// All values, in no order.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::TokenTable;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut table = TokenTable::default();
    /// let ann = table.insert("ann")?;
    /// assert_eq!(table.iter().next(), Some((ann, &"ann")));
    /// # Ok(()) }
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (Token, &S)> {
        (0..).zip(&self.slots).filter_map(|(index, slot)| {
            let generation = slot.generation;
            let token = Token { index, generation };
            slot.value.as_ref().map(|value| (token, value))
        })
    }

    /// How many values there are.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::TokenTable;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut table = TokenTable::default();
    /// let ann = table.insert("ann")?;
    /// assert_eq!(table.len(), 1);
    /// # let _ = ann;
    /// # Ok(()) }
    /// ```
    pub fn len(&self) -> usize {
        self.taken
    }

    /// Whether there is no value.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::TokenTable;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let table = TokenTable::<&str>::default();
    /// assert!(table.is_empty());
    /// # Ok(()) }
    /// ```
    pub fn is_empty(&self) -> bool {
        self.taken == 0
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_place_without_generations_left_is_not_used_again() {
        let mut table = TokenTable::default();
        let token = table.insert('a').unwrap();
        table.slots[0].generation = LAST_GENERATION;
        let last = Token {
            generation: LAST_GENERATION,
            ..token
        };
        assert_eq!(Token::of_mio(last.to_mio()), last);
        assert_eq!((table.remove(token), table.remove(last)), (None, Some('a')));
        assert_eq!((table.remove(last), table.len()), (None, 0));
        assert_eq!(table.insert('b').unwrap().index(), 1);
    }

    proptest! {
        #[test]
        fn it_is_a_map_whose_keys_are_never_used_again(
            ops in prop::collection::vec((any::<bool>(), 0..1000_usize), 0..200)
        ) {
            let mut table = TokenTable::default();
            let (mut living, mut all) = (std::collections::HashMap::new(), Vec::new());
            for (value, (insert, n)) in ops.into_iter().enumerate() {
                if insert || all.is_empty() {
                    let token = table.insert(value).unwrap();
                    prop_assert!(!all.contains(&token));
                    prop_assert_eq!(Token::of_mio(token.to_mio()), token);
                    living.insert(token, value);
                    all.push(token);
                } else {
                    let token = all[n % all.len()];
                    prop_assert_eq!(table.remove(token), living.remove(&token));
                }
                prop_assert_eq!(table.len(), living.len());
                for token in &all {
                    prop_assert_eq!(table.get(*token), living.get(token));
                }
                let listed: std::collections::HashMap<_, _> =
                    table.iter().map(|(token, &value)| (token, value)).collect();
                prop_assert_eq!(&listed, &living);
            }
        }
    }
}
