//! Multiplication modulo an odd `u128` without division: [`Montgomery`](crate::montgomery) for
//! twice the width.

/// An odd modulus. Residues are stored as `x * 2^128 mod n`: in "Montgomery form".
#[derive(Clone, Copy, Debug)]
pub(crate) struct MontgomeryWide {
    n: u128,
    /// The inverse of `n` modulo 2^128.
    inverse: u128,
    /// 2^256 mod n. Multiplication by it converts a number to Montgomery form.
    square: u128,
}

impl MontgomeryWide {
    /// # Panics
    /// If `n` is even.
    pub(crate) fn new(n: u128) -> MontgomeryWide {
        assert!(n % 2 == 1, "a Montgomery modulus is odd");
        // Newton's iteration: each step doubles the number of correct bits. At the start, `n` is
        // its own inverse modulo 8.
        let mut inverse = n;
        for _ in 0..6 {
            inverse = inverse.wrapping_mul(2_u128.wrapping_sub(n.wrapping_mul(inverse)));
        }
        let mut m = MontgomeryWide {
            n,
            inverse,
            square: 0,
        };
        let mut power = (u128::MAX % n + 1) % n;
        for _ in 0..128 {
            power = m.add(power, power);
        }
        m.square = power;
        m
    }

    pub(crate) fn modulus(self) -> u128 {
        self.n
    }

    /// Converts a number to Montgomery form.
    pub(crate) fn of(self, x: u128) -> u128 {
        self.mul(x % self.n, self.square)
    }

    #[inline]
    pub(crate) fn mul(self, a: u128, b: u128) -> u128 {
        let (high, low) = product(a, b);
        let factor = low.wrapping_mul(self.inverse);
        let (reduced, _) = product(factor, self.n);
        self.sub(high, reduced)
    }

    #[inline]
    pub(crate) fn add(self, a: u128, b: u128) -> u128 {
        let (sum, carry) = a.overflowing_add(b);
        match carry || sum >= self.n {
            true => sum.wrapping_sub(self.n),
            false => sum,
        }
    }

    #[inline]
    pub(crate) fn sub(self, a: u128, b: u128) -> u128 {
        let (difference, borrow) = a.overflowing_sub(b);
        match borrow {
            true => difference.wrapping_add(self.n),
            false => difference,
        }
    }

    pub(crate) fn pow(self, mut base: u128, mut exponent: u128) -> u128 {
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

/// The high and the low half of `a * b`.
#[inline]
fn product(a: u128, b: u128) -> (u128, u128) {
    let half = |x: u128| (x >> 64, u128::from(x as u64));
    let ((a1, a0), (b1, b0)) = (half(a), half(b));
    let low = a0 * b0;
    let middle = a1 * b0 + (low >> 64);
    let (middle_high, middle_low) = half(middle);
    let other = a0 * b1 + middle_low;
    let high = a1 * b1 + middle_high + (other >> 64);
    (high, other << 64 | u128::from(low as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `a * b mod n` by doubling, without a wide product.
    fn slow(mut a: u128, mut b: u128, m: MontgomeryWide) -> u128 {
        let mut sum = 0;
        a %= m.n;
        while b > 0 {
            if b % 2 == 1 {
                sum = m.add(sum, a);
            }
            a = m.add(a, a);
            b /= 2;
        }
        sum
    }

    proptest! {
        #[test]
        fn multiplies_like_repeated_addition(n: u128, shift in 0_u32..128, a: u128, b: u128) {
            let n = n >> shift | 1;
            let m = MontgomeryWide::new(n);
            let product = m.mul(m.of(a), m.of(b));
            prop_assert_eq!(m.mul(product, 1 % n), slow(a, b, m));
            prop_assert_eq!(m.sub(m.add(m.of(a), m.of(b)), m.of(b)), m.of(a));
        }
    }
}
