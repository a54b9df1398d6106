//! Names for sources, small enough to index a table with, and never given twice.

use std::io;

/// The name of a registered source.
///
/// [`index`](Token::index) is small and taken again after the source is gone; the token as a whole
/// is not (only after some four thousand million sources of the same index), so a late event of a
/// source that has gone is not taken for one of its successor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token {
    index: u32,
    generation: u32,
}

/// Half of mio's token each.
const INDEX_BITS: u32 = usize::BITS / 2;
const INDEX_MASK: usize = (1 << INDEX_BITS) - 1;

impl Token {
    /// For tables: below the largest number of sources that were registered at once.
    pub fn index(self) -> usize {
        self.index as usize
    }

    pub(super) fn to_mio(self) -> mio::Token {
        mio::Token((self.generation as usize) << INDEX_BITS | self.index as usize)
    }

    pub(super) fn of_mio(token: mio::Token) -> Token {
        Token {
            index: (token.0 & INDEX_MASK) as u32,
            generation: (token.0 >> INDEX_BITS) as u32,
        }
    }
}

/// The tokens that are in use.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// The generation of each index.
    generations: Vec<u32>,
    free: Vec<u32>,
}

impl Tokens {
    pub(super) fn take(&mut self) -> io::Result<Token> {
        if let Some(index) = self.free.pop() {
            let generation = self.generations[index as usize];
            return Ok(Token { index, generation });
        }
        let index = self.generations.len();
        // The topmost indices belong to the loop itself.
        if index >= INDEX_MASK - 1 {
            return Err(io::Error::other(format!("over {index} sources")));
        }
        self.generations.push(0);
        Ok(Token {
            index: index as u32,
            generation: 0,
        })
    }

    /// Does nothing with a token that is not in use.
    pub(super) fn give_back(&mut self, token: Token) {
        if let Some(generation) = self.generations.get_mut(token.index())
            && *generation == token.generation
        {
            // On 32 bits there is less room for it.
            *generation = token.generation.wrapping_add(1) & (INDEX_MASK as u32);
            self.free.push(token.index);
        }
    }

    pub(super) fn taken(&self) -> usize {
        self.generations.len() - self.free.len()
    }
}
