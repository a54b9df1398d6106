//! Handles a sitemap: pages, and more sitemaps.

use async_fetch::{Error as Failure, Outcome};

use super::found::Way;
use super::job::{Job, Role};
use super::record::Record;
use super::redirects;
use super::state::State;
use crate::html::Kind;
use crate::normalise;
use crate::sitemap::{self, Sitemap};
use crate::store::{self, Skip};

impl State {
    /// Handles the outcome of a sitemap.
    pub(super) fn sitemap(&mut self, job: &Job, outcome: Outcome) -> bool {
        self.first.opening -= usize::from(self.first.opening > 0);
        let mut record = Record::of(&outcome, &[]);
        // No page links to it.
        record.health.broken = false;
        let read = match &outcome.result {
            Ok(answer) if answer.status.is_success() => sitemap::read(answer.bytes()),
            Err(Failure::BodyTooLarge { limit }) => Ok(Sitemap::too_long(*limit)),
            Ok(answer) => match redirects::place(answer, &job.url) {
                Some(url) => Ok(Sitemap {
                    sitemaps: vec![url.into()],
                    ..Sitemap::default()
                }),
                None => Err(answer.status.to_string()),
            },
            Err(error) => Err(error.to_string()),
        };
        let map = read.unwrap_or_else(|reason| Sitemap {
            trouble: Some(reason),
            ..Sitemap::default()
        });
        if let Some(trouble) = &map.trouble
            // The usual place is only a guess.
            && record.status != Some(404)
        {
            self.sum.remark(format!("{}: {trouble}", job.url));
        }
        record.error = map.trouble;
        if let Some(limit) = map.cut {
            record.cut(limit);
        }
        let refused = self.sum.skipped_by(Skip::Sitemaps);
        for (entries, role) in [(map.sitemaps, Role::Sitemap), (map.pages, Role::Page)] {
            for entry in entries {
                let url = job.url.join(&entry).ok();
                let url = url.and_then(|url| normalise::page(url, self.settings.rules).ok());
                if let Some(url) = url {
                    let way = Way {
                        depth: 0,
                        hops: 0,
                        role,
                    };
                    self.own_link(&mut record, url.as_str(), way, Kind::Sitemap);
                }
            }
        }
        if self.sum.skipped_by(Skip::Sitemaps) > refused {
            record.cut(format!(
                "it names more sitemaps than the {} that are read",
                sitemap::FILES
            ));
        }
        let exchange = self.exchange(job, outcome);
        self.write(job, store::Outcome::Sitemap, record, exchange)
    }
}
