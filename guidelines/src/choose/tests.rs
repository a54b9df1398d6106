//! Advice on given figures: those of other machines in the literature.

use super::*;
use crate::book::{Book, Section};

#[path = "../../tests/helpers/figures.rs"]
mod figures;

fn book(spread: f64) -> Book {
    let mut section = Section::new("start", "start", "start");
    for (id, value) in figures::FIGURES {
        let runs = [value / spread, value, value * spread];
        section.add(id, id, Ok(Figure::of(Unit::Seconds, runs).unwrap()));
    }
    Book {
        sections: vec![section],
    }
}

const NEEDS: Needs = Needs {
    length: 1e-3,
    count: 1000.0,
    waiting: 0.0,
    data: 0.0,
    shared: false,
    isolation: false,
    library: Library::Any,
};

fn advice(needs: Needs, cpus: usize) -> Advice {
    let book = book(1.0);
    let view = View {
        book: &book,
        crossovers: &[],
        busy: &[],
    };
    choose(&needs, &view, cpus).unwrap()
}

#[test]
fn each_kind_of_work_gets_its_model() {
    for (needs, expected) in [
        (NEEDS, Model::Rayon),
        // So short that asking costs more.
        (
            Needs {
                length: 20e-9,
                ..NEEDS
            },
            Model::Serial,
        ),
        (
            Needs {
                count: 1.0,
                ..NEEDS
            },
            Model::Serial,
        ),
        (
            Needs {
                isolation: true,
                ..NEEDS
            },
            Model::Processes,
        ),
        // A hundred that wait for a second each: threads are not told apart from tasks, and simpler.
        (
            Needs {
                length: 1.0,
                count: 100.0,
                waiting: 1.0,
                ..NEEDS
            },
            Model::Threads,
        ),
        // 10,000 that wait for 10 ms: starting the threads takes 120 ms.
        (
            Needs {
                length: 0.01,
                count: 1e4,
                waiting: 0.999,
                ..NEEDS
            },
            Model::Async,
        ),
        (
            Needs {
                length: 0.01,
                count: 1e5,
                waiting: 0.9,
                ..NEEDS
            },
            Model::AsyncAndPool,
        ),
        (
            Needs {
                library: Library::Async,
                waiting: 1.0,
                ..NEEDS
            },
            Model::Async,
        ),
        (
            Needs {
                library: Library::Async,
                ..NEEDS
            },
            Model::AsyncAndPool,
        ),
        (
            Needs {
                library: Library::Blocking,
                length: 0.01,
                count: 5e3,
                waiting: 1.0,
                ..NEEDS
            },
            Model::Threads,
        ),
    ] {
        assert_eq!(advice(needs, 2).model, expected, "{needs:?}");
    }
}

#[test]
fn the_gain_is_that_of_the_cpus_and_has_a_range() {
    let gain = advice(NEEDS, 4).gain.unwrap();
    assert!((gain.median - 4.0).abs() < 0.1, "{gain}");
    assert!(gain.low < gain.median && gain.median < gain.high);
    assert_eq!(advice(NEEDS, 1).model, Model::Serial);
}

#[test]
fn inside_the_noise_the_simpler_model_is_taken_and_that_is_said() {
    // Two CPUs save half of 2 x 60 ns, and a join costs 50 ns, give or take a factor of 3.
    let needs = Needs {
        length: 60e-9,
        count: 1e6,
        ..NEEDS
    };
    let noisy = book(3.0);
    let view = View {
        book: &noisy,
        crossovers: &[],
        busy: &[],
    };
    let advice = choose(&needs, &view, 2).unwrap();
    assert_eq!(advice.model, Model::Serial);
    assert!(
        advice.reason.contains("is not told apart from it"),
        "{}",
        advice.reason
    );
}

#[test]
fn it_says_when_it_would_be_another_model() {
    let otherwise = advice(NEEDS, 2).otherwise.join("\n");
    assert!(
        otherwise.contains("or shorter: one after another"),
        "{otherwise}"
    );
    assert!(
        otherwise.contains("or fewer: one after another"),
        "{otherwise}"
    );
    assert!(
        otherwise.contains("must not harm the others: a process pool"),
        "{otherwise}"
    );
}

#[test]
fn on_a_busy_machine_nothing_is_recommended() {
    let book = book(1.0);
    let busy = ["before: other programs kept 1.0 of 2 CPUs busy".to_owned()];
    let view = View {
        book: &book,
        crossovers: &[],
        busy: &busy,
    };
    let refused = choose(&NEEDS, &view, 2).unwrap_err();
    assert!(
        refused.contains("the machine was busy (before: other programs"),
        "{refused}"
    );
}

#[test]
fn without_figures_nothing_is_recommended() {
    let view = View {
        book: &Book::default(),
        crossovers: &[],
        busy: &[],
    };
    assert!(
        choose(&NEEDS, &view, 2)
            .unwrap_err()
            .contains("figures are missing")
    );
}

#[test]
fn every_file_to_copy_is_there() {
    let house = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for model in Model::ALL {
        assert!(house.join(model.file()).is_file(), "{}", model.file());
    }
}
