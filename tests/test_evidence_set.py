"""The evidence on a labelled set: 21 pieces of prose, 635 bullets, a third of the pieces held back in tuning.

And on eight pieces more, of 160 bullets, that were written later and say most in words of their own.

Run with `-s` to see the table and every miss.
"""

from collections import Counter

import pytest

from tests.labelled import FOLDER, KINDS, PARTS, Part, judged, wrong

COLUMNS: tuple[Part, ...] = (*PARTS, "harder")

# What was to be reached, as the share that may be judged wrongly; `turned` and `swapped` are only reported.
GOALS = {"faithful": 0.03, "paraphrases": 0.10, "numbers": 0.01, "invented": 0.10}
# What is reached, with room for one or two bullets more. Where this is above the goal, the goal is not reached: by
# words alone an invention that keeps to its source's words cannot be told from a paraphrase that does not.
REACHED = {
    ("tuning", "faithful"): 0.03,
    ("tuning", "paraphrases"): 0.10,
    ("tuning", "numbers"): 0.01,
    ("tuning", "swapped"): 0.43,
    ("tuning", "invented"): 0.13,
    ("held_out", "faithful"): 0.03,
    ("held_out", "paraphrases"): 0.12,
    ("held_out", "numbers"): 0.01,
    ("held_out", "swapped"): 0.40,
    ("held_out", "invented"): 0.29,
    ("harder", "faithful"): 0.03,
    ("harder", "paraphrases"): 0.72,
    ("harder", "invented"): 0.38,
}
BELOW_GOAL = [key for key, share in REACHED.items() if key[0] in PARTS and share > GOALS.get(key[1], 1)]


def test_the_set_is_what_it_should_be() -> None:
    """21 pieces of 120 to 300 words, a third held back; enough bullets of every kind, each once."""
    found = [each for part in PARTS for each in judged(part)]
    assert len(list(FOLDER.glob("tuning/*.toml"))) == 14
    assert len(list(FOLDER.glob("held_out/*.toml"))) == 7
    assert len({(each.piece, each.bullet) for each in found}) == len(found) == 635
    least = {"faithful": 5, "paraphrases": 4, "numbers": 5, "swapped": 3, "invented": 5, "turned": 2}
    counts = Counter((each.piece, each.kind) for each in found)
    assert all(count >= least[kind] for (_, kind), count in counts.items())


def test_the_harder_set_is_what_it_should_be() -> None:
    """Eight pieces; their paraphrases and inventions as many of each, and none of another kind."""
    assert len(list(FOLDER.glob("harder/*.toml"))) == 8
    counts = Counter((each.piece, each.kind) for each in judged("harder"))
    assert {kind: count for (_, kind), count in counts.items()} == {"faithful": 5, "paraphrases": 7, "invented": 8}
    assert len(counts) == 8 * 3


@pytest.mark.parametrize(("part", "kind"), REACHED)
def test_at_most_so_many_are_judged_wrongly(part: Part, kind: str) -> None:
    """Of each part and kind."""
    assert wrong(part, kind) <= REACHED[part, kind]


@pytest.mark.parametrize("kind", [kind for kind in GOALS if kind != "invented"])
def test_the_goals_are_reached_on_the_whole_set(kind: str) -> None:
    """But that of inventions."""
    found = [each for part in PARTS for each in judged(part) if each.kind == kind]
    assert sum(not each.right for each in found) / len(found) <= GOALS[kind]


@pytest.mark.parametrize(("part", "kind"), BELOW_GOAL)
@pytest.mark.xfail(strict=True, reason="not reached: see the table")
def test_goals_that_are_not_reached(part: Part, kind: str) -> None:
    """Said here rather than hidden. Who reaches one must take it out of the list."""
    assert wrong(part, kind) <= GOALS[kind]


def test_the_score_ranks_what_is_said_above_what_is_invented() -> None:
    """Of a faithful bullet or a paraphrase and an invention, the first has the higher score, nearly always."""
    for part, least in (("tuning", 0.95), ("held_out", 0.90)):
        said = [each.score for each in judged(part) if KINDS[each.kind]]
        invented = [each.score for each in judged(part) if each.kind == "invented"]
        pairs = [(one > other) + (one == other) / 2 for one in said for other in invented]
        assert sum(pairs) / len(pairs) >= least


def test_numbers_are_caught_without_the_score() -> None:
    """`attach` warns of every changed number, and of hardly any other."""
    for part in PARTS:
        assert not [each.bullet for each in judged(part) if each.kind == "numbers" and each.finding.numbers_hold]
        false = [each.bullet for each in judged(part) if KINDS[each.kind] and not each.finding.numbers_hold]
        assert len(false) <= 1


def has(part: Part, kind: str) -> bool:
    return any(each.kind == kind for each in judged(part))


def test_the_table_is_printed() -> None:
    """With every miss."""
    print(f"\n{'share judged wrongly':24}{'goal':>8}{'tuning':>10}{'held out':>10}{'harder':>10}")
    for kind in KINDS:
        goal = f"{GOALS[kind]:.0%}" if kind in GOALS else "-"
        shares = (f"{wrong(part, kind):.1%}" if has(part, kind) else "-" for part in COLUMNS)
        print(f"{kind:24}{goal:>8}" + "".join(f"{share:>10}" for share in shares))
    for part in COLUMNS:
        print(f"\nmisses, {part}:")
        for each in judged(part):
            if not each.right:
                print(f"  {each.piece:14} {each.kind:12} {each.score:4.2f}  {each.bullet}")
