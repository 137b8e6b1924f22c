//! Requests to the API: how many by operation and outcome, and how long they took. A table of
//! atomics, so that counting takes no lock and no memory.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use trent_api::{ErrorCode, Operation};
use trent_service::Answer;
use trent_service::measures::{Distribution, Histogram};

/// What was counted since the process started.
pub(crate) struct Requests {
    /// A row for each operation, a column for each outcome.
    counts: Vec<AtomicU64>,
    /// One for each row.
    durations: Vec<Histogram>,
}

impl Requests {
    pub(super) fn new() -> Self {
        let counts = (0..ROWS * COLUMNS).map(|_| AtomicU64::new(0)).collect();
        Self { counts, durations: (0..ROWS).map(|_| Histogram::default()).collect() }
    }

    /// Counts an answer.
    pub(crate) fn count(&self, answer: &Answer) {
        let cell = row_of(answer) * COLUMNS + column_of(answer);
        self.counts[cell].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts how long it took to find an answer.
    pub(crate) fn took(&self, answer: &Answer, duration: Duration) {
        self.durations[row_of(answer)].observe(duration);
    }

    /// Operations, outcomes and how many there were. Successes are told also when there were none.
    pub(super) fn read(&self) -> impl Iterator<Item = ([&'static str; 2], u64)> {
        let rows = self.counts.chunks(COLUMNS).enumerate();
        rows.flat_map(|(row, cells)| {
            cells.iter().enumerate().filter_map(move |(column, count)| {
                let count = count.load(Ordering::Relaxed);
                let is_told = count > 0 || (column == 0 && row != NO_OPERATION);
                is_told.then(|| ([operation(row), code(column)], count))
            })
        })
    }

    /// Operations that there were, and how long they took.
    pub(super) fn durations(&self) -> impl Iterator<Item = (&'static str, Distribution)> {
        let all = self.durations.iter().enumerate();
        all.map(|(row, durations)| (operation(row), durations.read()))
            .filter(|(_, durations)| durations.count() > 0)
    }
}

fn row_of(answer: &Answer) -> usize {
    match answer.operation {
        Some(operation) => operation as usize,
        None if answer.content_type.is_some() => STS,
        None => NO_OPERATION,
    }
}

fn column_of(answer: &Answer) -> usize {
    match answer.error {
        Some(code) => 1 + code as usize,
        None if answer.status < 400 => 0,
        None if answer.status < 500 => STS_REFUSED,
        None => 1 + ErrorCode::InternalFailure as usize,
    }
}

fn operation(row: usize) -> &'static str {
    match Operation::ALL.get(row) {
        Some(operation) => operation.as_str(),
        None if row == STS => "STS",
        None => "None",
    }
}

fn code(column: usize) -> &'static str {
    match column.checked_sub(1) {
        None => "OK",
        Some(index) => ErrorCode::ALL.get(index).map_or("Refused", |code| code.as_str()),
    }
}

/// Requests in the query protocol.
const STS: usize = Operation::ALL.len();

/// Requests that name no operation, or have not been read to their end.
const NO_OPERATION: usize = STS + 1;

const ROWS: usize = NO_OPERATION + 1;

/// What AWS STS refuses. Its errors are none of AWS KMS.
const STS_REFUSED: usize = 1 + ErrorCode::ALL.len();

const COLUMNS: usize = STS_REFUSED + 1;

#[cfg(test)]
mod tests {
    use super::*;
    use trent_api::KmsError;
    use trent_service::pipeline::failure;

    fn answer(operation: Option<Operation>, error: Option<ErrorCode>) -> Answer {
        let failed = |code| failure("", operation, &KmsError::bare(code));
        let succeeded = || Answer { status: 200, error: None, ..failed(ErrorCode::Validation) };
        error.map_or_else(succeeded, failed)
    }

    fn counted(answer: &Answer) -> Vec<([&'static str; 2], u64)> {
        let requests = Requests::new();
        requests.count(answer);
        requests.read().filter(|(_, count)| *count > 0).collect()
    }

    #[test]
    fn every_operation_and_code_has_a_place_of_its_own() {
        for operation in Operation::ALL {
            let labels = [operation.as_str(), "OK"];
            assert_eq!(counted(&answer(Some(*operation), None)), [(labels, 1)]);
            for code in ErrorCode::ALL {
                let labels = [operation.as_str(), code.as_str()];
                assert_eq!(counted(&answer(Some(*operation), Some(*code))), [(labels, 1)]);
            }
        }
    }

    #[test]
    fn what_has_no_operation_is_counted_too() {
        let unknown = answer(None, Some(ErrorCode::UnknownOperation));
        assert_eq!(counted(&unknown), [(["None", "UnknownOperationException"], 1)]);
        for (status, code) in [(200, "OK"), (403, "Refused"), (500, "InternalFailure")] {
            let sts = Answer { status, content_type: Some("text/xml"), ..answer(None, None) };
            assert_eq!(counted(&sts), [(["STS", code], 1)]);
        }
    }

    #[test]
    fn only_operations_that_were_called_have_durations() {
        let requests = Requests::new();
        requests.took(&answer(Some(Operation::Encrypt), None), Duration::from_millis(1));
        let durations: Vec<_> = requests.durations().collect();
        let [("Encrypt", durations)] = durations.as_slice() else { panic!("{durations:?}") };
        assert_eq!(durations.count(), 1);
    }
}
