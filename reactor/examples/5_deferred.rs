//! A deferred: a result that is not there yet, with a chain of callbacks. Each callback gets what
//! the one before returned. An error skips callbacks until an errback handles it. This is Twisted's
//! Deferred.

use std::cell::RefCell;
use std::rc::Rc;

type Outcome = Result<String, String>;
type Step = Box<dyn FnOnce(Outcome) -> Outcome>;

#[derive(Clone, Default)]
struct Deferred(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    result: Option<Outcome>,
    steps: Vec<Step>,
}

impl Deferred {
    fn callback(&self, function: impl FnOnce(String) -> Outcome + 'static) -> &Deferred {
        self.add(Box::new(|outcome| outcome.and_then(function)))
    }

    fn errback(&self, function: impl FnOnce(String) -> Outcome + 'static) -> &Deferred {
        self.add(Box::new(|outcome| outcome.or_else(function)))
    }

    /// The step runs at once if the result is there already.
    fn add(&self, step: Step) -> &Deferred {
        let result = self.0.borrow_mut().result.take();
        match result {
            Some(outcome) => self.0.borrow_mut().result = Some(step(outcome)),
            None => self.0.borrow_mut().steps.push(step),
        }
        self
    }

    /// The result has come: runs the chain. No borrow is held while a step runs.
    fn fire(&self, outcome: Outcome) {
        let steps = std::mem::take(&mut self.0.borrow_mut().steps);
        let outcome = steps
            .into_iter()
            .fold(outcome, |outcome, step| step(outcome));
        self.0.borrow_mut().result = Some(outcome);
    }
}

fn main() {
    for answer in [Ok("41"), Ok("four"), Err("connection lost")] {
        let deferred = Deferred::default();
        let add_one = |n: u32| (n + 1).to_string();
        deferred
            .callback(move |text| text.parse().map(add_one).map_err(|it| it.to_string()))
            .errback(|error| Ok(format!("no number: {error}")))
            .callback(|text| Ok(format!("the end of the chain: {text}")));
        // Later, when the network has answered:
        deferred.fire(answer.map(str::to_owned).map_err(str::to_owned));
        println!("{answer:?} -> {:?}", deferred.0.borrow().result);
    }
}
