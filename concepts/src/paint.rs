//! The work that computes: a stroke of the brush is some arithmetic, always the same.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How much arithmetic a stroke is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brush {
    steps: u32,
}

/// The arithmetic that is timed to calibrate a brush: a few milliseconds.
const TRIAL: u32 = 1_000_000;

impl Brush {
    /// A brush. Each stroke is `steps` multiplications, and each of them needs the result of the one before.
    pub fn new(steps: u32) -> Brush {
        Brush { steps }
    }

    /// A brush whose strokes take about `time` each on this machine, calibrated by the fastest of five
    /// trials.
    pub fn calibrated(time: Duration) -> Brush {
        let trial = || {
            let start = Instant::now();
            black_box(Brush::new(TRIAL).stroke(black_box(0)));
            start.elapsed()
        };
        let fastest = (0..5).map(|_| trial()).min().unwrap_or_default();
        let steps = f64::from(TRIAL) * time.as_secs_f64() / fastest.as_secs_f64().max(1e-9);
        // A conversion from a float to an integer saturates.
        Brush::new((steps as u32).max(1))
    }

    /// Paints one stroke. The result depends only on `seed`, so strokes may be painted in any order, by any
    /// painter.
    ///
    /// The arithmetic is one linear congruential generator, Knuth's MMIX.
    pub fn stroke(self, seed: u64) -> u64 {
        (0..self.steps).fold(seed, |value, _| {
            value
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stroke_is_the_generators_value() {
        // Computed by Python: v = (v * 6364136223846793005 + 1442695040888963407) % 2**64, from 1.
        assert_eq!(Brush::new(1).stroke(1), 7_806_831_264_735_756_412);
        assert_eq!(Brush::new(2).stroke(1), 9_396_908_728_118_811_419);
        assert_eq!(Brush::new(1000).stroke(1), 17_660_865_281_050_590_889);
    }

    #[test]
    fn a_calibrated_brush_paints() {
        assert!(Brush::calibrated(Duration::from_micros(10)).steps > 0);
        assert_eq!(Brush::calibrated(Duration::ZERO), Brush::new(1));
    }
}
