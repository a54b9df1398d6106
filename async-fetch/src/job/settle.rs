//! The end of a file: it is finished if the server still has the version that its parts are of.
//!
//! Some servers look at a file before they open it (apache, tornado). If it is replaced in between, they
//! send bytes of the new file under the header of the old one, and nothing in that answer tells. A later
//! answer does: the file was replaced before those bytes were read, so before they came here. Whoever looks
//! at it after the last byte has come finds the new one, or one that is newer still. So a file whose bytes
//! came in several answers is finished only when the server was asked once more, for the last byte, and has
//! said the same tag, date and total as at first. What came in one answer is of one version in any case.
//!
//! That tells nothing where the two files have the same tag, date and total; where the first has been put
//! back, with its date, before the last look; where a server says what it remembers; and of a mirror, which
//! is not asked again.

use http::StatusCode;

use super::attempt::Meaning;
use super::{Job, Step};
use crate::error::Error;
use crate::outcome::Answer;
use crate::part::Left;
use crate::sink::Sink;

impl Job<'_> {
    /// A body is there: it is finished, or first the server is asked once more.
    pub(super) async fn settle(&mut self, answer: Answer, sink: &mut Sink) -> Result<Step, Error> {
        // A checksum tells all that an answer could.
        let checked = self.request.checksum_wanted().is_some();
        if sink.is_complete() && sink.is_mixed() && !checked {
            self.tries.progress(sink);
            self.unsettled = Some(Box::new(answer));
            return Ok(Step::Resend);
        }
        finish(self, answer, sink).await
    }

    /// Everything was there already, and it gets its name only now: for the answer that brought it, if
    /// that was in this run.
    pub(super) async fn complete(
        &mut self,
        response: reqwest::Response,
        sink: &mut Sink,
        answer: Option<Answer>,
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

async fn finish(job: &Job<'_>, mut answer: Answer, sink: &mut Sink) -> Result<Step, Error> {
    answer.body = sink.finish(job.request, &answer.headers).await?;
    answer.checksum = sink.found();
    Ok(Step::Done(answer))
}

/// Whether an answer says that the server still has the version of what is left, be it by the last byte or
/// by all of it.
pub(super) fn is_same(
    response: &reqwest::Response,
    meaning: &Meaning,
    left: Option<&Left>,
) -> bool {
    match meaning {
        // It was compared before.
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
