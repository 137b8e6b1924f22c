//! One suite of behavior for every backend, and what is particular to one of them.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

mod commits;
mod concurrency;
mod postgres_server;
mod readings;
mod sharing;
mod sqlite_file;
mod support;

/// Runs every case against every backend, each time with an empty store.
macro_rules! every_backend {
    ($($module:ident::$case:ident,)*) => {
        mod sqlite_memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let store = trent_store::SqliteStore::open_in_memory().await.unwrap();
                crate::$module::$case(std::sync::Arc::new(store)).await;
            })*
        }

        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let directory = tempfile::tempdir().unwrap();
                let path = directory.path().join("store.db");
                let store = trent_store::SqliteStore::open(&path).await.unwrap();
                crate::$module::$case(std::sync::Arc::new(store)).await;
            })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let store = crate::postgres_server::new_database().await.open().await.unwrap();
                crate::$module::$case(store).await;
            })*
        }
    };
}

every_backend! {
    commits::an_empty_set_succeeds,
    commits::put_then_get_update_and_delete,
    commits::columns_can_be_set_and_removed,
    commits::put_needs_the_version_before,
    commits::delete_needs_the_version,
    commits::reseal_needs_the_version_and_keeps_it,
    commits::restore_needs_absence_and_keeps_the_version,
    commits::expect_needs_the_version,
    commits::expect_absent_needs_absence,
    commits::one_conflict_undoes_the_whole_set,
    commits::a_set_sees_its_own_changes,
    commits::a_deleted_record_can_come_back,
    commits::identity_is_all_four_columns,
    commits::odd_names_are_names,
    commits::sealed_bytes_are_kept_exactly,
    commits::bounds_are_enforced,
    commits::the_largest_set_fits,
    commits::clear_removes_everything,
    commits::a_closed_store_is_unavailable,
    readings::get_of_nothing,
    readings::a_name_with_nul_is_of_nothing,
    readings::list_is_in_order_of_name,
    readings::list_is_paged,
    readings::list_owned_is_paged,
    readings::find_looks_in_all_accounts,
    readings::scan_finds_every_record_once,
    readings::a_snapshot_has_every_record_in_order,
    readings::due_is_in_order_of_time,
    readings::due_in_parts_is_what_is_due,
    readings::next_due_is_the_smallest,
    readings::count_counts,
    readings::limits_are_enforced,
    concurrency::one_winner_per_version,
    concurrency::many_committers_all_succeed,
    concurrency::a_conflict_does_not_disturb_others,
    concurrency::dropped_futures_do_not_disturb_others,
    concurrency::dropped_readings_do_not_disturb_others,
    concurrency::readings_never_see_half_a_set,
    concurrency::a_snapshot_never_has_half_a_set,
    concurrency::close_finishes_what_is_queued,
    sharing::claims_have_bounds,
    sharing::awaiting_a_change_ends,
}
