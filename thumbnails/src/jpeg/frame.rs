//! A picture's components at the chosen scale: their division into blocks, and their samples.

use super::Scale;
use super::header::Header;

/// The value of samples that could not be decoded.
const GREY: u8 = 128;

/// The division of a picture.
pub(super) struct Frame {
    /// The number of units with all components, across and down.
    pub(super) units: (usize, usize),
    /// The size in pixels at this scale.
    pub(super) size: (usize, usize),
    pub(super) planes: Vec<Plane>,
}

/// A component with its samples.
pub(super) struct Plane {
    /// The blocks of this component in a unit.
    pub(super) unit: (usize, usize),
    /// The blocks of this component in a scan of its own, which has no blocks outside the picture.
    pub(super) alone: (usize, usize),
    /// The blocks of this component in complete units.
    pub(super) blocks: (usize, usize),
    /// The column of blocks that crosses the picture's right edge, and the row that crosses its
    /// lower edge. `None` if the blocks end with the picture, or are not scaled down.
    pub(super) edges: (Option<usize>, Option<usize>),
    /// For these blocks: how many of eight columns and rows are within the picture.
    pub(super) inside: (usize, usize),
    /// The size of a block in samples: each 1, 2, 4 or 8.
    pub(super) block_size: (usize, usize),
    /// The pixels per sample, as fractions. Samples are enlarged if the blocks can't be written at
    /// the full resolution.
    pub(super) enlarge: (Ratio, Ratio),
    /// The samples within the picture.
    pub(super) size: (usize, usize),
    /// The samples of a row in memory.
    pub(super) stride: usize,
    pub(super) samples: Vec<u8>,
    pub(super) quant: usize,
}

/// A fraction of small numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ratio(pub(super) usize, pub(super) usize);

impl Ratio {
    /// The sample of a pixel.
    pub(super) fn sample(self, pixel: usize) -> usize {
        pixel * self.1 / self.0
    }

    /// Whether the fraction is this whole number.
    pub(super) fn is(self, whole: usize) -> bool {
        self.0 == whole * self.1
    }
}

/// The scale of a component in one direction: the samples of a block, and the remaining
/// enlargement. A component with half as many samples as another is decoded twice as large, as far
/// as its blocks allow.
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

    /// The memory of its planes in bytes.
    pub(super) fn bytes(header: &Header<'_>, scale: Scale) -> u64 {
        let planes = Frame::new_empty(header, scale).planes;
        let bytes = |plane: &Plane| (plane.stride * plane.blocks.1 * plane.block_size.1) as u64;
        planes.iter().map(bytes).sum()
    }

    /// A frame whose planes have no samples yet.
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
    /// Whether a block crosses the picture's right edge, and its lower edge.
    #[inline(always)]
    pub(super) fn at_edge(&self, (column, row): (usize, usize)) -> (bool, bool) {
        (self.edges.0 == Some(column), self.edges.1 == Some(row))
    }

    /// The offset of a block's samples.
    #[inline(always)]
    pub(super) fn place(&self, (column, row): (usize, usize)) -> usize {
        row * self.block_size.1 * self.stride + column * self.block_size.0
    }
}
