//! The parameters of a plan. They are sent to another process, which computes the points again.

use serde::{Deserialize, Serialize};

use super::{Formula, Place, Plan, PlanError, Shortcuts};
use crate::view::View;

#[derive(Serialize, Deserialize)]
pub(super) struct Essence {
    view: View,
    width: usize,
    height: usize,
    limit: u32,
    formula: Formula,
    shortcuts: Shortcuts,
    smooth: bool,
    place: Option<Place>,
}

impl From<Plan> for Essence {
    fn from(plan: Plan) -> Essence {
        Essence {
            view: plan.view,
            width: plan.width(),
            height: plan.height(),
            limit: plan.limit,
            formula: plan.formula,
            shortcuts: plan.shortcuts,
            smooth: plan.smooth,
            place: plan.place.as_deref().cloned(),
        }
    }
}

impl TryFrom<Essence> for Plan {
    type Error = PlanError;

    fn try_from(essence: Essence) -> Result<Plan, PlanError> {
        let (width, height) = (essence.width, essence.height);
        let plan = match essence.place {
            None => Plan::new(essence.view, width, height)?,
            place => Plan::of(essence.view, place, width, height)?,
        };
        let plan = plan
            .with_limit(essence.limit)?
            .with_formula(essence.formula)?;
        Ok(plan
            .with_shortcuts(essence.shortcuts)
            .with_smooth(essence.smooth))
    }
}
