"""Who proves what: each transition of a summary's life, and each row of what may happen to the ground it stands on.

The rows are those of the project's tables of states and threats, in few words; a test with that name must be there.
"""

import importlib
from collections.abc import Iterator

import pytest

STATES = {
    "admitted: summary.created; GET answers now, POST is held": [
        "test_app.TestStarting.test_a_get_answers_at_once",
        "test_responses.TestHeldStatus.test_nothing_goes_out_before_the_first_content",
    ],
    "ASK: first content": ["test_run.test_started_is_the_first_content"],
    "ASK: the first-byte time is over": [
        "test_app.TestHonestFirstByte.test_after_the_first_byte_time_the_headers_go_out"
    ],
    "ASK: reasoning only": ["test_openai.test_thinking_without_end_is_a_time_out"],
    "ASK: silence": ["test_openai.test_silence_is_a_time_out", "test_clocks.test_content_ends_the_thinking"],
    "ASK: refused, DNS, 5xx, reset, 429": [
        "test_failover.test_a_fault_before_any_content_goes_to_the_next",
        "test_failover.test_a_server_that_is_back_at_once_is_asked_again",
        "test_failover.test_who_is_busy_is_waited_for_only_within_the_budget",
    ],
    "ASK: 4xx, and a 400 that names a parameter": [
        "test_failover.test_who_refuses_is_passed_over",
        "test_openai.test_what_a_server_refuses_by_name_is_done_without",
    ],
    "ASK: context too long": ["test_routing.test_what_was_too_long_goes_where_there_is_more_room"],
    "READ: an element closes": [
        "test_run.test_a_bullet_is_written_while_the_model_still_writes",
        "test_run.test_rejections_are_written_in_their_place",
    ],
    "READ: the last bullet": [
        "test_run.test_enough_bullets_and_more_end_at_once",
        "test_run.test_enough_bullets_and_silence_end_after_half_a_second",
    ],
    "TAIL": [
        "test_run.test_after_the_document_the_usage_is_waited_for",
        "test_run.test_after_the_document_at_most_half_a_second_is_waited",
        "test_run.test_after_the_document_at_most_4_kib_are_read",
        "test_failover.test_a_fault_after_the_document_calls_nobody",
    ],
    "READ: stall, reset, silent end, error, length, stop while open": [
        "test_failover.test_a_fault_in_mid_stream_is_gone_on_from"
    ],
    "ASK, READ: refusal, content filter": [
        "test_finish.test_the_first_line_that_matches",
        "test_run.test_a_pass_that_breaks_off_ends_as_the_upstream_says",
        "test_reask.test_when_it_is_asked_again",
    ],
    "READ: the third duplicate in a row, a limit of ours": [
        "test_finish.test_the_first_line_that_matches",
        "test_repeats.test_what_goes_round_is_a_loop",
        "test_reask.test_when_it_is_asked_again",
    ],
    "READ: broken outside an element": ["test_reask.test_when_it_is_asked_again"],
    "CHOOSE: something withheld that a model can mend": [
        "test_reask.test_what_was_withheld_is_asked_for_once_more",
        "test_reask.test_replacements_stream_as_ordinary_bullets",
        "test_reask.test_there_is_no_asking_again_without_time_for_it",
    ],
    "ASK, READ (re-ask): any failure": ["test_reask.test_a_reask_that_fails_changes_nothing"],
    "any: the deadline": ["test_run.test_the_whole_time_is_that_of_all_passes"],
    "CHOOSE: nothing left": ["test_failover.test_all_of_them_may_fail"],
    "live: DELETE, on any replica": [
        "test_app.TestDeleting.test_a_running_summary_is_cancelled",
        "test_joining.TestResuming.test_a_summary_is_served_by_any_replica",
        "test_redis_log.TestReplicas.test_a_deletion_is_a_mark",
    ],
    "live: the last listener leaves; a GET counts": [
        "test_event_log.test_what_the_last_listeners_leaving_does_is_the_policys",
        "test_event_log.test_looking_in_begins_the_grace_again",
        "test_redis_log.TestReplicas.test_listeners_are_counted_over_all",
    ],
    "live: a connection that we end": [
        "test_event_log.test_letting_go_ends_every_listener_and_sets_nothing_off",
        "test_event_log.test_a_sixth_listener_replaces_the_oldest",
    ],
    "live: a client that is not reading": ["test_slow_clients.test_it_is_cut_while_the_model_is_silent"],
    "live, async: nobody ever came": ["test_event_log.test_before_anybody_came_nobody_is_missed"],
    "grace timer: a listener returns, also elsewhere": [
        "test_event_log.test_a_returning_listener_ends_the_grace",
        "test_redis_log.TestReplicas.test_a_return_on_another_replica_ends_the_grace",
    ],
    "live: SIGTERM": [
        "test_serve.test_sigterm_lets_summaries_come_to_their_end",
        "test_failover.test_nobody_is_asked_again_while_draining",
    ],
    "live: DRAIN_S over": [
        "test_serve.test_what_does_not_end_in_time_fails",
        "test_replicas.test_sigterm_hands_over_what_it_cannot_finish",
        "test_taking_over.test_without_a_secret_it_ends_here_when_the_process_goes",
    ],
    "headers held: SIGTERM and DRAIN_S over": ["test_replicas.test_sigterm_while_the_status_is_held_is_503"],
    "HOLD: back in time": ["test_outages.test_a_short_outage_is_waited_out"],
    "HOLD: not back": ["test_outages.test_a_long_outage_ends_the_summary_and_its_connections"],
    "live: fenced": [
        "test_run.test_a_fenced_run_stops_without_a_word",
        "test_replicas.test_who_was_asleep_writes_no_more",
    ],
    "ORPHAN: claimed, to be gone on with": ["test_taking_over.test_a_summary_is_gone_on_with_from_its_bullets"],
    "ORPHAN: cancel mark, nobody listens, or else": [
        "test_heirs.test_an_orphan_is_gone_on_with_or_ended",
        "test_replicas.test_marks_and_policies_hold_over_a_death",
        "test_taking_over.test_what_cannot_be_gone_on_with_ends",
        "test_taking_over.test_what_only_needs_an_end_needs_no_room",
        "test_taking_over.test_what_nobody_here_can_read_ends",
        "test_producers.test_a_claim_that_is_given_up_is_given_back",
    ],
    "END: a reconnect": [
        "test_app.TestResuming.test_after_the_last_event_it_is_204",
        "test_app.TestResuming.test_the_events_of_a_finished_summary_are_replayed",
    ],
    "GONE": [
        "test_event_log.test_finished_summaries_are_kept_for_their_time",
        "test_app.TestResuming.test_a_cursor_into_what_is_gone_is_410",
        "test_app.TestResuming.test_what_nobody_knows_is_404",
        "test_redis_log.TestLoss.test_what_is_evicted_in_part_is_gone_as_a_whole",
    ],
}

GROUND = {
    "Redis down at start": ["test_outages.test_not_there_at_the_start_it_is_found_later"],
    "Redis down in mid-stream": [
        "test_outages.test_while_it_is_away_nothing_new_begins",
        "test_outages.test_a_short_outage_is_waited_out",
        "test_outages.test_a_long_outage_ends_the_summary_and_its_connections",
        "test_outages.test_what_is_stopped_while_it_is_held_keeps_what_it_had",
        "test_outages.test_outages_of_three_and_of_eight_seconds_by_the_clocks_of_life",
        "test_outages.test_full_it_is_as_if_away",
    ],
    "Redis restarted empty, or with less": [
        "test_outages.test_restarted_empty_what_is_gone_is_told",
        "test_outages.test_restarted_with_less_what_was_lost_is_told",
        "test_redis_log.TestLoss.test_what_was_seen_and_lost_is_told",
    ],
    "the producing replica is killed": [
        "test_replicas.test_a_killed_replicas_summaries_go_on",
        "test_replicas.test_in_life_too_the_heir_is_there_within_fifteen_seconds",
        "test_replicas.test_a_source_that_kills_its_process_kills_two_at_most",
        "test_replicas.test_without_a_secret_what_is_lost_is_told",
    ],
    "a replica that was only asleep": [
        "test_replicas.test_who_was_asleep_writes_no_more",
        "test_producers.test_a_late_write_of_a_right_that_was_given_up_is_refused",
    ],
    "SIGTERM, rolling update": [
        "test_replicas.test_rolling_restarts_lose_nothing",
        "test_replicas.test_sigterm_is_seen_by_the_probe_within_a_second",
    ],
    "a proxy that buffers or times out": [
        "test_app.TestStarting.test_a_post_streams_bullets_as_they_are_validated",  # the headers
        "test_responses.TestSilence.test_silence_is_filled_with_comments",
    ],
    "Redis memory": [
        "test_redis_log.TestLeftovers.test_every_key_expires",
        "test_redis_log.TestLeftovers.test_nothing_is_left_of_what_is_gone",
        "test_history.test_a_summarys_events_are_bounded",
        "test_redis_log.TestTakingOver.test_the_seal_goes_with_the_last_event",
        "test_sealing.test_it_opens_only_in_its_place",
    ],
    "memory": [
        "test_memory_log.test_the_oldest_are_forgotten_first",
        "test_places.test_what_is_beyond_a_limit_is_refused",
    ],
    "secrets": [
        "test_leaks.test_no_event_log_elsewhere",
        "test_joining.test_an_event_log_is_named_by_its_address",
        "test_manifests.test_files_that_settings_name_are_mounted_from_secrets",
    ],
    "container": ["test_manifests.test_the_pod_is_as_restricted_as_it_can_be"],
    "supply chain": ["test_dockerfile.test_everything_is_installed_by_hash"],
    "logs of libraries": ["test_app.test_the_text_is_in_no_log_at_any_level"],
}


def names() -> Iterator[str]:
    for table in (STATES, GROUND):
        for tests in table.values():
            yield from tests


@pytest.mark.parametrize("name", sorted(set(names())))
def test_each_row_is_proved_by_a_test(name: str) -> None:
    """Which is there."""
    module, *parts = name.split(".")
    found: object = importlib.import_module(f"tests.{module}")
    for part in parts:
        found = getattr(found, part)
    assert callable(found)
