//! The end of a file: it is finished if the server still has the version of its parts.
//!
//! Some servers look at a file before they open it (apache, tornado). If it is replaced in between, they
//! send bytes of the new file under the header of the old one, and nothing in that answer shows it. A later
//! answer does: the file was replaced before those bytes were read, so before they came here. A request that
//! is sent after the last byte has come gets the header of the new file, or of a newer one. So a file whose
//! bytes came in several answers is finished only after one more request, for the last byte. Its answer must
//! have the tag, date and total of the first. The bytes of one answer are always of one version.
//!
//! This does not notice: two files with the same tag, date and total; a first file that was put back, with
//! its date, before the last look; a server that remembers headers; and a change on a mirror, as mirrors are
//! not asked again.

use http::StatusCode;

use super::attempt::Meaning;
use super::{Job, Step};
use crate::error::Error;
use crate::outcome::Answer;
use crate::part::Left;
use crate::sink::Sink;

impl Job<'_> {
    /// Finishes a body, or asks the server once more before that.
    pub(super) async fn settle(
        &mut self,
        answer: Box<Answer>,
        sink: &mut Sink,
    ) -> Result<Step, Error> {
        // A checksum makes the last look needless.
        let checked = self.request.checksum_wanted().is_some();
        if sink.is_complete() && sink.is_mixed() && !checked {
            self.tries.progress(sink);
            self.unsettled = Some(answer);
            return Ok(Step::Resend);
        }
        finish(self, answer, sink).await
    }

    /// Finishes a body of which nothing was missing. `answer` is the answer that brought the last byte, if that
    /// was in this run.
    pub(super) async fn complete(
        &mut self,
        response: reqwest::Response,
        sink: &mut Sink,
        answer: Option<Box<Answer>>,
    ) -> Result<Step, Error> {
        let answer = answer.unwrap_or_else(|| {
            let length = sink.length();
            let mut answer = self.answer(response, length);
            answer.status = StatusCode::PARTIAL_CONTENT;
            answer.length = length;
            answer
        });
        finish(self, answer, sink).await
    }
}

async fn finish(job: &Job<'_>, mut answer: Box<Answer>, sink: &mut Sink) -> Result<Step, Error> {
    answer.body = sink.finish(job.request, &answer.headers).await?;
    answer.checksum = sink.found();
    Ok(Step::Done(answer))
}

/// Whether an answer shows that the server still has the same version: a 206 with the last byte, or a 200
/// with all of it.
pub(super) fn is_same(
    response: &reqwest::Response,
    meaning: &Meaning,
    left: Option<&Left>,
) -> bool {
    match meaning {
        // Its validator was compared before.
        Meaning::Rest(_) => true,
        Meaning::Whole => left.is_some_and(|left| {
            let headers = response.headers();
            response.status() == StatusCode::OK
                && response.content_length() == left.total
                && left.validator.as_ref().is_some_and(|it| it.is_of(headers))
        }),
        Meaning::Nothing | Meaning::Useless => false,
    }
}
