//! The metrics in the text format of OpenMetrics, which Prometheus reads.

use super::{Metrics, process};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use std::fmt::Result;
use std::sync::Arc;
use trent_service::measures::{Distribution, Readings};

/// The metrics at one moment.
#[derive(Debug)]
pub(super) struct Exposition {
    pub(super) metrics: Arc<Metrics>,
    /// None when the store does not answer.
    pub(super) readings: Option<Readings>,
}

impl Collector for Exposition {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result {
        let mut page = Page(encoder);
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        page.gauge("trent_build_info", "Which version runs.", [(version, 1_u64)])?;
        self.requests(&mut page)?;
        self.jobs(&mut page)?;
        self.events(&mut page)?;
        self.storage(&mut page)?;
        self.process(&mut page)
    }
}

impl Exposition {
    fn requests(&self, page: &mut Page<'_>) -> Result {
        let Metrics { requests, connections_max, .. } = &*self.metrics;
        let named =
            |[operation, code]: [&'static str; 2]| [("operation", operation), ("code", code)];
        page.counter(
            "trent_requests",
            "Answered requests by operation and exception.",
            requests.read().map(|(labels, count)| (named(labels), count)),
        )?;
        page.histogram(
            "trent_request_duration_seconds",
            "From the end of the body of a request to its answer.",
            requests.durations().map(|(operation, took)| ([("operation", operation)], took)),
        )?;
        page.gauge(
            "trent_connections",
            "Connections that are open.",
            [([], self.metrics.connections())],
        )?;
        page.gauge(
            "trent_connections_max",
            "Connections that may be open; further ones wait.",
            [([], *connections_max)],
        )
    }

    fn jobs(&self, page: &mut Page<'_>) -> Result {
        let jobs = self.metrics.service.job_counts();
        page.counter(
            "trent_rotations",
            "Rotations that were completed.",
            [
                ([("type", "automatic")], jobs.automatic_rotations),
                ([("type", "on_demand")], jobs.on_demand_rotations),
            ],
        )?;
        page.counter("trent_deletions", "KMS keys that were deleted.", [([], jobs.deletions)])?;
        page.counter(
            "trent_expirations",
            "KMS keys of which imported key material was erased because it had expired.",
            [([], jobs.expirations)],
        )?;
        page.counter("trent_job_failures", "Jobs that failed.", [([], jobs.failures)])?;
        page.gauge(
            "trent_damaged_records",
            "Records that the jobs cannot open.",
            [([], jobs.damaged_records)],
        )?;
        page.gauge(
            "trent_jobs_last_run_timestamp_seconds",
            "When the jobs last ran, by the clock of the service.",
            jobs.last_run.map(|run| ([], run.as_duration().as_secs_f64())),
        )?;
        let readings = self.readings.as_ref();
        page.gauge(
            "trent_rotations_overdue",
            "KMS keys of which a rotation is due and not done.",
            readings.map(|readings| ([], readings.rotations_overdue)),
        )?;
        let expirations = readings.map_or(&[][..], |readings| &readings.expirations);
        page.gauge(
            "trent_key_material_expiration_seconds",
            "Seconds until imported key material expires, for the first 100 keys within 14 days.",
            expirations.iter().map(|(arn, left)| ([("key_arn", arn.as_str())], *left)),
        )
    }

    fn events(&self, page: &mut Page<'_>) -> Result {
        let service = &self.metrics.service;
        if service.event_counts().next().is_none() {
            return Ok(());
        }
        let sinks = || service.event_counts().map(|(sink, counts)| (sink.name(), counts));
        page.counter(
            "trent_event_deliveries",
            "Events by what became of them: delivered, or dropped; and attempts that failed.",
            sinks().flat_map(|(sink, counts)| {
                let results = [
                    ("delivered", &counts.delivered),
                    ("failed", &counts.failed),
                    ("dropped", &counts.dropped),
                ];
                results.map(|(result, count)| ([("sink", sink), ("result", result)], count.get()))
            }),
        )?;
        page.gauge(
            "trent_events_waiting",
            "Events that are not delivered yet.",
            sinks().map(|(sink, counts)| ([("sink", sink)], counts.waiting.get())),
        )
    }

    fn storage(&self, page: &mut Page<'_>) -> Result {
        let service = &self.metrics.service;
        let caches = service.cache_counts().map(|(name, counts)| ([("cache", name)], counts));
        let (hits, misses) = ("Readings that a cache spared.", "Readings that no cache spared.");
        page.counter("trent_cache_hits", hits, caches.map(|(name, counts)| (name, counts.hits)))?;
        page.counter(
            "trent_cache_misses",
            misses,
            caches.map(|(name, counts)| (name, counts.misses)),
        )?;
        page.gauge(
            "trent_cache_entries",
            "What the caches hold.",
            caches.map(|(name, counts)| (name, counts.entries)),
        )?;
        let store = service.store_counts();
        page.gauge(
            "trent_store_up",
            "Whether the store has answered just now.",
            [([], u64::from(self.readings.is_some()))],
        )?;
        page.counter(
            "trent_store_commits",
            "Change sets by what has become of them.",
            store.commits().map(|(result, count)| ([("result", result)], count)),
        )?;
        page.histogram(
            "trent_store_commit_duration_seconds",
            "How long change sets took until they were on disk.",
            [([], store.commit_durations())],
        )?;
        page.counter(
            "trent_store_reads",
            "Readings of the store.",
            store.readings().map(|(result, count)| ([("result", result)], count)),
        )
    }

    fn process(&self, page: &mut Page<'_>) -> Result {
        let started = self.metrics.started.as_duration().as_secs_f64();
        page.gauge(
            "process_start_time_seconds",
            "When the process started, since the Unix epoch.",
            [([], started)],
        )?;
        page.counter(
            "process_cpu_seconds",
            "Processor time, user and system.",
            process::cpu_seconds().map(|seconds| ([], seconds)),
        )?;
        page.gauge(
            "process_resident_memory_bytes",
            "Memory that is not swapped out.",
            process::resident_bytes().map(|bytes| ([], bytes)),
        )?;
        page.gauge(
            "process_open_fds",
            "File descriptors that are open.",
            process::open_descriptors().map(|count| ([], count)),
        )?;
        page.gauge(
            "process_max_fds",
            "File descriptors that may be open.",
            process::descriptors_max().map(|count| ([], count)),
        )
    }
}

/// The page as it is written.
struct Page<'a>(DescriptorEncoder<'a>);

/// Names and values of labels.
type Labels<'a, const N: usize> = [(&'a str, &'a str); N];

impl Page<'_> {
    /// A counter; the format adds `_total` to its name.
    fn counter<'l, const N: usize, V: EncodeCounterValue>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels<'l, N>, V)>,
    ) -> Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in samples {
            if N == 0 {
                metric.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
            } else {
                let mut metric = metric.encode_family(&labels)?;
                metric.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
            }
        }
        Ok(())
    }

    fn gauge<'l, const N: usize, V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels<'l, N>, V)>,
    ) -> Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, value) in samples {
            if N == 0 {
                metric.encode_gauge(&value)?;
            } else {
                metric.encode_family(&labels)?.encode_gauge(&value)?;
            }
        }
        Ok(())
    }

    fn histogram<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels<'l, N>, Distribution)>,
    ) -> Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
        for (labels, took) in samples {
            let (seconds, count, buckets) = (took.seconds, took.count(), took.buckets);
            if N == 0 {
                metric.encode_histogram::<NoLabelSet>(seconds, count, &buckets, None)?;
            } else {
                let mut metric = metric.encode_family(&labels)?;
                metric.encode_histogram::<NoLabelSet>(seconds, count, &buckets, None)?;
            }
        }
        Ok(())
    }
}
