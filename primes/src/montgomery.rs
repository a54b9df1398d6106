//! Multiplication modulo an odd `u64` without division (P. L. Montgomery, "Modular multiplication
//! without trial division", 1985).

/// An odd modulus. Residues are stored as `x * 2^64 mod n`: in "Montgomery form".
#[derive(Clone, Copy, Debug)]
pub(crate) struct Montgomery {
    n: u64,
    /// The inverse of `n` modulo 2^64.
    inverse: u64,
    /// 2^128 mod n. Multiplication by it converts a number to Montgomery form.
    square: u64,
}

impl Montgomery {
    /// # Panics
    /// If `n` is even.
    pub(crate) fn new(n: u64) -> Montgomery {
        assert!(n % 2 == 1, "a Montgomery modulus is odd");
        // Newton's iteration: each step doubles the number of correct bits. At the start, `n` is
        // its own inverse modulo 8.
        let mut inverse = n;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(n.wrapping_mul(inverse)));
        }
        let power = (u128::MAX % u128::from(n)) as u64 + 1;
        Montgomery {
            n,
            inverse,
            square: if power == n { 0 } else { power },
        }
    }

    pub(crate) fn modulus(self) -> u64 {
        self.n
    }

    /// Converts a number to Montgomery form.
    #[inline]
    pub(crate) fn of(self, x: u64) -> u64 {
        self.mul(x % self.n, self.square)
    }

    #[inline]
    pub(crate) fn mul(self, a: u64, b: u64) -> u64 {
        let product = u128::from(a) * u128::from(b);
        let factor = (product as u64).wrapping_mul(self.inverse);
        let reduced = (u128::from(factor) * u128::from(self.n)) >> 64;
        let (difference, borrow) = ((product >> 64) as u64).overflowing_sub(reduced as u64);
        if borrow {
            difference.wrapping_add(self.n)
        } else {
            difference
        }
    }

    #[inline]
    pub(crate) fn add(self, a: u64, b: u64) -> u64 {
        let (sum, carry) = a.overflowing_add(b);
        if carry || sum >= self.n {
            sum.wrapping_sub(self.n)
        } else {
            sum
        }
    }

    pub(crate) fn pow(self, mut base: u64, mut exponent: u64) -> u64 {
        let mut power = self.of(1);
        while exponent > 0 {
            if exponent % 2 == 1 {
                power = self.mul(power, base);
            }
            base = self.mul(base, base);
            exponent /= 2;
        }
        power
    }
}

#[cfg(test)]
mod tests {
    use super::Montgomery;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn multiplies_and_adds_like_wide_arithmetic(n: u64, a: u64, b: u64) {
            let n = n | 1;
            let m = Montgomery::new(n);
            let wide = |x: u128| (x % u128::from(n)) as u64;
            let plain = |x| m.mul(x, 1 % n);
            prop_assert_eq!(plain(m.of(a)), a % n);
            prop_assert_eq!(plain(m.mul(m.of(a), m.of(b))), wide(u128::from(a) * u128::from(b)));
            prop_assert_eq!(plain(m.add(m.of(a), m.of(b))), wide(u128::from(a) + u128::from(b)));
        }
    }
}
