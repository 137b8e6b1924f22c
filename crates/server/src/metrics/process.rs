//! What the operating system says of this process: Linux tells all of it, others only a part.

use rustix::param::page_size;
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

/// Seconds of processor time, of all threads, in user and in system mode.
pub(super) fn cpu_seconds() -> Option<f64> {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    std::time::Duration::try_from(time).ok().map(|time| time.as_secs_f64())
}

/// Bytes of memory that are not swapped out.
pub(super) fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    pages.checked_mul(u64::try_from(page_size()).ok()?)
}

/// File descriptors that are open.
pub(super) fn open_descriptors() -> Option<u64> {
    let count = std::fs::read_dir("/proc/self/fd").ok()?.count();
    // One is that of the reading.
    u64::try_from(count).ok()?.checked_sub(1)
}

/// File descriptors that may be open.
pub(super) fn descriptors_max() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_a_process() {
        let descriptors = open_descriptors().unwrap();
        let file = std::fs::File::open("/proc/self/statm").unwrap();
        assert!(open_descriptors().unwrap() >= 1 && descriptors < descriptors_max().unwrap());
        drop(file);
        assert!(resident_bytes().unwrap() > 1024 * 1024);
        assert!(cpu_seconds().unwrap() >= 0.0);
    }
}
