//! The report's plots, as SVG: bars with ranges, and curves of ratios.

use crate::book::Row;
use crate::crossover::Crossover;
use crate::figure::{Figure, Unit};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::error::Error;

/// The width of a plot; a page scales it to its own.
const WIDTH: u32 = 860;
const BAR: u32 = 26;
const LABELS: u32 = 300;
const FONT: (&str, i32) = ("sans-serif", 14);

const BLUE_BAR: RGBColor = RGBColor(70, 120, 180);
const RANGE: RGBColor = RGBColor(20, 30, 50);
static CURVES: [RGBColor; 6] = [
    RGBColor(27, 94, 160),
    RGBColor(200, 80, 20),
    RGBColor(30, 130, 60),
    RGBColor(150, 40, 130),
    RGBColor(120, 95, 20),
    RGBColor(60, 60, 60),
];

/// A plot and the words on its axes.
pub(super) struct Plot {
    pub(super) svg: String,
    pub(super) x: String,
    pub(super) y: String,
}

type Drawn = Result<(), Box<dyn Error>>;
type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Horizontal bars on a logarithmic scale, with a thin line for each range. `None` if there is nothing to
/// draw.
pub(super) fn bars(rows: &[Row], y: &str) -> Option<Plot> {
    let drawn: Vec<(&str, Figure)> = rows
        .iter()
        .filter_map(|row| Some((row.title.as_str(), row.figure?)))
        .filter(|(_, figure)| figure.median > 0.0)
        .collect();
    let unit = drawn.first()?.1.unit;
    let drawn: Vec<_> = drawn
        .into_iter()
        .filter(|(_, it)| it.unit == unit)
        .collect();
    let x = axis(unit).to_owned();
    let height = BAR * u32::try_from(drawn.len()).ok()? + 80;
    let svg = on_svg(height, |root| draw_bars(root, &drawn, unit, &x, y))?;
    let y = y.to_owned();
    Some(Plot { svg, x, y })
}

fn axis(unit: Unit) -> &'static str {
    match unit {
        Unit::Seconds => "time, logarithmic",
        Unit::Bytes => "memory, logarithmic",
        Unit::Count => "number, logarithmic",
        Unit::Times => "times as fast, logarithmic",
    }
}

/// An SVG of this height. `None` if drawing fails, which finite figures never cause.
fn on_svg(height: u32, draw: impl FnOnce(&Canvas<'_>) -> Drawn) -> Option<String> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        root.fill(&WHITE).ok()?;
        draw(&root).ok()?;
        root.present().ok()?;
    }
    Some(svg)
}

/// Whole powers of ten around all figures.
fn decades(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let positive = values.filter(|&value| value > 0.0);
    let least = positive.clone().fold(f64::INFINITY, f64::min);
    let most = positive.fold(0.0, f64::max);
    let (low, high) = (least.log10().floor(), most.log10().ceil());
    (10_f64.powf(low), 10_f64.powf(high.max(low + 1.0)))
}

fn draw_bars(root: &Canvas<'_>, rows: &[(&str, Figure)], unit: Unit, x: &str, y: &str) -> Drawn {
    let ends = rows
        .iter()
        .flat_map(|(_, figure)| [figure.median, figure.low, figure.high]);
    let (low, high) = decades(ends);
    let count = rows.len() as f64;
    let mut chart = ChartBuilder::on(root)
        .margin(8)
        .margin_right(30)
        .x_label_area_size(48)
        .y_label_area_size(LABELS)
        .build_cartesian_2d((low..high).log_scale(), 0.0..count)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(0)
        .light_line_style(WHITE.mix(0.0))
        .x_desc(x)
        .y_desc(y)
        .label_style(FONT)
        .axis_desc_style(FONT)
        .x_label_formatter(&|value: &f64| unit.human(*value))
        .draw()?;
    for (at, (title, figure)) in rows.iter().enumerate() {
        // The first row is on top.
        let middle = count - at as f64 - 0.5;
        let bar = [(low, middle - 0.32), (figure.median, middle + 0.32)];
        let range = [
            (figure.low.max(low), middle),
            (figure.high.min(high), middle),
        ];
        chart.draw_series([Rectangle::new(bar, BLUE_BAR.filled())])?;
        chart.draw_series([PathElement::new(range, RANGE.stroke_width(2))])?;
        let (left, down) = chart.backend_coord(&(low, middle));
        let style = TextStyle::from(FONT.into_font()).pos(Pos::new(HPos::Right, VPos::Center));
        root.draw(&Text::new((*title).to_owned(), (left - 6, down), style))?;
    }
    Ok(())
}

/// Ratios by size on logarithmic scales, and the line where they are equal.
pub(super) fn curves(crossovers: &[&Crossover]) -> Option<Plot> {
    let first = crossovers.first()?;
    let (x, y) = (first.size.clone(), first.ratio.clone());
    if crossovers.iter().all(|it| it.points.len() < 2) {
        return None;
    }
    let svg = on_svg(420, |root| {
        draw_curves(root, crossovers, first.unit, &x, &y)
    })?;
    Some(Plot { svg, x, y })
}

fn draw_curves(
    root: &Canvas<'_>,
    crossovers: &[&Crossover],
    unit: Unit,
    x: &str,
    y: &str,
) -> Drawn {
    let points = crossovers.iter().flat_map(|it| &it.points);
    let sizes = decades(points.clone().map(|point| point.size));
    // Differences may be negative, and ratios as small as anything.
    let ratio = |value: f64| value.clamp(1e-2, 1e3);
    let ratios = points.flat_map(|point| [ratio(point.ratio.low), ratio(point.ratio.high), 1.0]);
    let (least, most) = (
        ratios.clone().fold(1.0, f64::min),
        ratios.fold(1.0, f64::max),
    );
    let mut chart = ChartBuilder::on(root)
        .margin(8)
        .margin_right(30)
        .x_label_area_size(48)
        .y_label_area_size(70)
        .build_cartesian_2d(
            (sizes.0..sizes.1).log_scale(),
            (least / 1.2..most * 1.2).log_scale(),
        )?;
    chart
        .configure_mesh()
        .light_line_style(WHITE.mix(0.0))
        .x_desc(x)
        .y_desc(y)
        .label_style(FONT)
        .axis_desc_style(FONT)
        .x_label_formatter(&|value: &f64| unit.human(*value))
        .y_label_formatter(&|value: &f64| Unit::Times.human(*value))
        .draw()?;
    let equal = [(sizes.0, 1.0), (sizes.1, 1.0)];
    chart.draw_series([PathElement::new(equal, RANGE.stroke_width(1))])?;
    for (crossover, color) in crossovers.iter().zip(CURVES.iter().cycle()) {
        let line = crossover
            .points
            .iter()
            .map(|it| (it.size, ratio(it.ratio.median)));
        chart
            .draw_series(LineSeries::new(line, color.stroke_width(2)))?
            .label(crossover.title.clone())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
        let ranges = crossover.points.iter().map(|it| {
            let ends = [ratio(it.ratio.low), ratio(it.ratio.high)];
            PathElement::new(ends.map(|end| (it.size, end)), color.stroke_width(1))
        });
        chart.draw_series(ranges)?;
    }
    if crossovers.len() > 1 {
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .background_style(WHITE.mix(0.85))
            .border_style(RANGE)
            .label_font(FONT)
            .draw()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_decades_surround_the_figures() {
        assert_eq!(decades([3e-9, 2e-3].into_iter()), (1e-9, 1e-2));
        assert_eq!(decades([5.0, 0.0, -1.0].into_iter()), (1.0, 10.0));
    }
}
