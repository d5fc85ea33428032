//! How a method of the other store answers: in time, or as a failure that is counted.

use super::{Cached, StoreFailure};
use crate::store::{Result, StoreError};

impl<S> Cached<S> {
    /// Returns the answer of a method, unless it takes too long or a test has it fail; a failure is counted.
    pub(super) async fn limited<T>(&self, answer: impl Future<Output = Result<T>>) -> Result<T> {
        let failure = self.failures.as_ref().and_then(|failures| failures.next());
        let answered = match failure {
            None => self.in_time(answer).await,
            Some(failure) => {
                if failure == StoreFailure::AnswerLost {
                    self.in_time(answer).await?;
                }
                Err(StoreError(failure.message().into()))
            }
        };
        if answered.is_err() {
            self.metrics.store_failed();
        }
        answered
    }

    /// Waits for an answer for as long as a method may take.
    async fn in_time<T>(&self, answer: impl Future<Output = Result<T>>) -> Result<T> {
        let Some(limit) = self.limit else {
            return answer.await;
        };
        let answered = tokio::time::timeout(limit, answer).await;
        answered.unwrap_or_else(|_| {
            let message = format!("it did not answer within {} s", limit.as_secs());
            Err(StoreError(message.into()))
        })
    }
}
