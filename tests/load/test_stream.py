"""A stream is checked as it comes: whatever is wrong with it is an error, by a name."""

import pytest

from benchmarks.load.stream import SummaryStream, code_of
from tests.load.streams import bullet, created, frame, ledger, whole

TEXTS = ("One fact.", "Zwei Fälle.")


def read(*reads: bytes) -> SummaryStream:
    """Each at the time of its number."""
    stream = SummaryStream()
    for at, each in enumerate(reads):
        stream.receive(each, float(at))
    stream.close()
    return stream


def test_a_good_stream_has_times_and_no_error() -> None:
    """The first event, each bullet, the ledger's finish."""
    stream = read(*whole(*TEXTS))
    assert (stream.error, stream.ended, stream.finish) == (None, True, "complete")
    assert (stream.first_event_at, stream.bullets_at, stream.elements) == (0.0, [1.0, 2.0], [0, 1])


def test_a_bullet_counts_when_its_frame_is_complete() -> None:
    """Whatever the cutting: byte by byte the times are those of the last bytes."""
    wire = b"".join(whole(*TEXTS))
    stream = read(*(wire[at : at + 1] for at in range(len(wire))))
    ends = [wire.index(text.encode("unicode-escape").split(b"\\")[0]) for text in TEXTS]
    assert [wire.index(b"\n\n", end) + 1 for end in ends] == stream.bullets_at
    assert stream.error is None


def test_a_rejection_is_an_element_and_no_bullet() -> None:
    """So that each bullet finds its own closing character in the journal."""
    rejected = frame(3, "bullet.rejected", reasons=[])
    stream = read(created(), bullet(2, 0), rejected, bullet(4, 1))
    assert (stream.elements, stream.rejected) == ([0, 2], 1)


def test_previews_and_unknown_events_are_no_error() -> None:
    """A preview has no id; a client ignores what it does not know."""
    texts = ("A fact.",)
    frames = [
        created(),
        frame(None, "bullet.delta", index=0, text="A"),
        bullet(2, 0),
        frame(3, "bullet.praised"),
        frame(4, "summary.completed", **ledger(texts)),
    ]
    assert read(*frames).error is None


GOOD = whole(*TEXTS)
LAST = frame(4, "summary.completed", **ledger(TEXTS))


@pytest.mark.parametrize(
    ("frames", "error"),
    [
        (GOOD[:-1], "no_terminal_event"),
        ([], "no_terminal_event"),
        ([GOOD[0], *GOOD[2:]], "wrong_id"),
        ([GOOD[0], GOOD[1], *GOOD[1:]], "wrong_id"),
        ([GOOD[0], frame(None, "bullet", index=0, text="x")], "wrong_id"),
        (GOOD[1:], "wrong_id"),
        ([bullet(1, 0), LAST], "wrong_first_event"),
        ([*GOOD, frame(5, "summary.completed", **ledger(TEXTS))], "event_after_the_end"),
        ([*GOOD, bullet(5, 2)], "event_after_the_end"),
        ([created(), bullet(2, 1)], "wrong_bullet"),
        ([created(), frame(2, "bullet", index=0, text=7)], "wrong_bullet"),
        ([created(), b"id: x:2\nevent: bullet\ndata: {\n\n"], "wrong_data"),
        ([created(), b"id: x:2\nevent: bullet\ndata: []\n\n"], "wrong_data"),
        ([created(), b'id: x:2\nevent: bullet\ndata: {"type": "x"}\n\n'], "wrong_data"),
        ([*GOOD[:-1], frame(4, "summary.completed", **ledger(TEXTS[::-1]))], "wrong_digest"),
        ([*GOOD[:-1], frame(4, "summary.completed", **ledger(TEXTS, bullets=3))], "wrong_count"),
        ([*GOOD[:-1], frame(4, "summary.failed", problem={}, ledger=None)], "wrong_count"),
        ([b"data: " + b"x" * (2 << 20)], "event_too_long"),
    ],
)
def test_what_is_wrong_has_a_name(frames: list[bytes], error: str) -> None:
    """The first of it; a wrong answer is not a fast success."""
    assert read(*frames).error == error


def test_a_failed_summary_is_an_error_by_its_problem() -> None:
    """The code, if it looks like one; nothing else of what a server says is kept."""
    failed = frame(
        4, "summary.failed", problem={"code": "upstream_error"}, ledger=ledger(TEXTS, finish="upstream_error")
    )
    stream = read(*GOOD[:-1], failed)
    assert (stream.error, stream.ended, stream.finish) == ("upstream_error", True, "upstream_error")
    assert (
        code_of({"code": "<script>"}, "failed")
        == code_of(["x"], "failed")
        == code_of({"code": 1}, "failed")
        == "failed"
    )
