//! A picture's components at the scale chosen: how they are divided into blocks, and their samples.

use super::Scale;
use super::header::Header;

/// What stands where nothing could be decoded.
const GREY: u8 = 128;

/// How a picture is divided.
pub(super) struct Frame {
    /// Units of all components, a scan of which goes from left to right and down.
    pub(super) units: (usize, usize),
    /// At this scale.
    pub(super) size: (usize, usize),
    pub(super) planes: Vec<Plane>,
}

/// A component and its samples.
pub(super) struct Plane {
    /// Its blocks in a unit.
    pub(super) unit: (usize, usize),
    /// Its blocks in a scan of it alone, which has none beside the picture.
    pub(super) alone: (usize, usize),
    /// Its blocks in whole units.
    pub(super) blocks: (usize, usize),
    /// The column of blocks across the picture's right edge, and the row across its lower one; none
    /// where blocks end with the picture, or are not made smaller.
    pub(super) edges: (Option<usize>, Option<usize>),
    /// Of these blocks: the columns and rows within the picture, of eight.
    pub(super) inside: (usize, usize),
    /// What a block becomes, in samples: each 1, 2, 4 or 8.
    pub(super) block_size: (usize, usize),
    /// Pixels for each sample, as fractions: where it is finer than the blocks can be written it is
    /// enlarged.
    pub(super) enlarge: (Ratio, Ratio),
    /// Samples within the picture.
    pub(super) size: (usize, usize),
    /// Samples of a row.
    pub(super) stride: usize,
    pub(super) samples: Vec<u8>,
    pub(super) quant: usize,
}

/// A fraction of small numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ratio(pub(super) usize, pub(super) usize);

impl Ratio {
    /// The sample for a pixel.
    pub(super) fn sample(self, pixel: usize) -> usize {
        pixel * self.1 / self.0
    }

    /// Whether there are so many pixels for a sample.
    pub(super) fn is(self, whole: usize) -> bool {
        self.0 == whole * self.1
    }
}

/// How a component is scaled in one direction: the samples of a block, and what is left to enlarge.
/// A component with half as many samples as another is written twice as large, as far as its blocks
/// go: there is nothing finer in them.
fn scaled(scale: usize, most: usize, own: usize) -> (usize, Ratio) {
    let mut samples = scale;
    while samples < 8 && (most * scale) % (own * samples * 2) == 0 {
        samples *= 2;
    }
    (samples, Ratio(most * scale, own * samples))
}

impl Frame {
    pub(super) fn new(header: &Header<'_>, scale: Scale) -> Frame {
        let mut frame = Frame::new_empty(header, scale);
        for plane in &mut frame.planes {
            let rows = plane.blocks.1 * plane.block_size.1;
            plane.samples = vec![GREY; plane.stride * rows];
        }
        frame
    }

    /// The bytes of its planes.
    pub(super) fn bytes(header: &Header<'_>, scale: Scale) -> u64 {
        let planes = Frame::new_empty(header, scale).planes;
        let bytes = |plane: &Plane| (plane.stride * plane.blocks.1 * plane.block_size.1) as u64;
        planes.iter().map(bytes).sum()
    }

    /// One whose planes have no samples yet.
    pub(super) fn new_empty(header: &Header<'_>, scale: Scale) -> Frame {
        let components = &header.components;
        let most = |of: fn(&super::header::Component) -> u8| {
            usize::from(components.iter().map(of).max().unwrap_or(1))
        };
        let most = (most(|it| it.across), most(|it| it.down));
        let (width, height) = (header.width as usize, header.height as usize);
        let units = (width.div_ceil(8 * most.0), height.div_ceil(8 * most.1));
        let eighths = scale as usize;
        let plane = |component: &super::header::Component| {
            let own = (usize::from(component.across), usize::from(component.down));
            let (across, enlarge_across) = scaled(eighths, most.0, own.0);
            let (down, enlarge_down) = scaled(eighths, most.1, own.1);
            let blocks = (units.0 * own.0, units.1 * own.1);
            let alone = (
                (width * own.0).div_ceil(most.0 * 8),
                (height * own.1).div_ceil(most.1 * 8),
            );
            let inside = (
                (width * own.0).div_ceil(most.0) - 8 * (alone.0 - 1),
                (height * own.1).div_ceil(most.1) - 8 * (alone.1 - 1),
            );
            let edge = |inside: usize, samples: usize, blocks: usize| {
                (inside < 8 && samples < 8).then_some(blocks - 1)
            };
            Plane {
                unit: own,
                alone,
                edges: (
                    edge(inside.0, across, alone.0),
                    edge(inside.1, down, alone.1),
                ),
                inside,
                blocks,
                block_size: (across, down),
                enlarge: (enlarge_across, enlarge_down),
                size: (
                    (width * own.0 * across).div_ceil(most.0 * 8),
                    (height * own.1 * down).div_ceil(most.1 * 8),
                ),
                stride: blocks.0 * across,
                samples: Vec::new(),
                quant: component.quant.into(),
            }
        };
        Frame {
            units,
            size: (
                scale.of(header.width) as usize,
                scale.of(header.height) as usize,
            ),
            planes: components.iter().map(plane).collect(),
        }
    }
}

impl Plane {
    /// Whether a block lies across the picture's right edge, and its lower one.
    #[inline(always)]
    pub(super) fn at_edge(&self, (column, row): (usize, usize)) -> (bool, bool) {
        (self.edges.0 == Some(column), self.edges.1 == Some(row))
    }

    /// Where a block's samples start.
    #[inline(always)]
    pub(super) fn place(&self, (column, row): (usize, usize)) -> usize {
        row * self.block_size.1 * self.stride + column * self.block_size.0
    }
}
