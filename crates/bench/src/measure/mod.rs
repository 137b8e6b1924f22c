//! What is measured.

mod audit;
mod enforcement;
mod key_generation;
mod many_keys;
mod raw;
mod requests;
mod rotation;
mod writes;

use crate::arguments::{Part, Plan};
use crate::process::Pinning;
use crate::table::Table;
use anyhow::{Context as _, Result};

/// Measures all that the plan wants.
pub(crate) async fn all(plan: &Plan, pinning: Pinning) -> Result<Table> {
    let mut table = Table::default();
    requests::measure(plan, pinning, &mut table).await?;
    if plan.wants(Part::Keys) {
        many_keys::measure(plan, pinning, &mut table).await.context("measuring many keys")?;
    }
    if plan.wants(Part::Enforcement) {
        enforcement::measure(plan, pinning, &mut table).await.context("measuring enforcement")?;
    }
    if plan.wants(Part::Audit) {
        audit::measure(plan, pinning, &mut table).await.context("measuring the audit log")?;
    }
    if plan.wants(Part::KeyGeneration) {
        key_generation::measure(plan, pinning, &mut table)
            .await
            .context("measuring beside key generation")?;
    }
    if plan.wants(Part::Write) {
        writes::measure(plan, pinning, &mut table).await.context("measuring writes")?;
    }
    if plan.wants(Part::WritePostgres) {
        writes::measure_on_postgres(plan, pinning, &mut table)
            .await
            .context("measuring writes on PostgreSQL")?;
    }
    if plan.wants(Part::Rotation) {
        rotation::measure(plan, pinning, &mut table).await.context("measuring rotation")?;
    }
    Ok(table)
}
