//! A lottery: each turn is drawn at random.

use super::{Policy, Ready};

/// A policy: each turn is drawn at random. A task with a third of the tickets gets a third of the
/// turns, on average, and no task with a ticket starves (C. A. Waldspurger and W. E. Weihl,
/// *Lottery Scheduling*, 1994).
///
/// A draw goes through the list of ready tasks, as in the paper: its time grows with their number.
#[derive(Debug)]
pub struct Lottery {
    ready: Vec<Ready>,
    tickets: u64,
    random: SplitMix64,
}

impl Lottery {
    /// A lottery with this seed. The same seed gives the same draws.
    pub fn new(seed: u64) -> Lottery {
        Lottery {
            ready: Vec::new(),
            tickets: 0,
            random: SplitMix64(seed),
        }
    }

    /// The winner's place in the list.
    fn draw(&mut self) -> usize {
        if self.tickets == 0 {
            return 0;
        }
        let mut ticket = self.random.below(self.tickets);
        let winner = self.ready.iter().position(|task| {
            let tickets = u64::from(task.claim.tickets);
            let wins = ticket < tickets;
            ticket = ticket.saturating_sub(tickets);
            wins
        });
        winner.unwrap_or(0)
    }
}

impl Policy for Lottery {
    fn add(&mut self, task: Ready) {
        self.tickets += u64::from(task.claim.tickets);
        self.ready.push(task);
    }

    fn next(&mut self) -> Option<Ready> {
        if self.ready.is_empty() {
            return None;
        }
        let winner = self.draw();
        // Not swap_remove: without tickets the first in the list goes first.
        let task = self.ready.remove(winner);
        self.tickets -= u64::from(task.claim.tickets);
        Some(task)
    }
}

/// Guy L. Steele Jr., Doug Lea and Christine H. Flood, *Fast Splittable Pseudorandom Number
/// Generators*, 2014.
#[derive(Debug)]
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`. The bias is at most one part in 2^64 / `end`.
    fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::{Claim, Scheduler};
    use super::*;

    fn turns(seed: u64, shares: &[u32], turns: usize) -> Vec<usize> {
        let mut tasks = Scheduler::new(Lottery::new(seed));
        for &tickets in shares {
            tasks.spawn("task", Claim::tickets(tickets), std::iter::repeat(()));
        }
        tasks.take(turns).map(|turn| turn.task).collect()
    }

    #[test]
    fn turns_are_shared_by_tickets() {
        const TURNS: usize = 60_000;
        let shares = [1, 2, 3];
        for seed in 0..20 {
            let turns = turns(seed, &shares, TURNS);
            for (task, &tickets) in shares.iter().enumerate() {
                let share = f64::from(tickets) / 6.0;
                let expected = share * TURNS as f64;
                let deviation = (expected * (1.0 - share)).sqrt();
                let had = turns.iter().filter(|&&who| who == task).count() as f64;
                // The seeds are fixed, so every run gives the same result.
                assert!((had - expected).abs() < 4.0 * deviation, "{task}: {had}");
            }
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_lots() {
        assert_eq!(turns(7, &[1, 1, 5], 100), turns(7, &[1, 1, 5], 100));
        assert_ne!(turns(7, &[1, 1, 5], 100), turns(8, &[1, 1, 5], 100));
    }

    #[test]
    fn without_tickets_nobody_wins_against_those_who_have_some() {
        assert!(turns(1, &[0, 1], 1000).iter().all(|&who| who == 1));
        assert_eq!(turns(1, &[0, 0], 4), [0, 1, 0, 1]);
    }
}
