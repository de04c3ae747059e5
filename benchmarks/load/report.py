"""`report.html`: one page for people, which needs nothing from outside."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from benchmarks.load.charts import Chart, against_load, percentile_curves, timeline
from benchmarks.load.level import MAX_LEVELS
from benchmarks.load.quantities import show_quantity
from benchmarks.load.summary import KINDS, LevelSummary, LoadSummary, Verdict, figures_of
from benchmarks.load.tally import LevelRun

# What the table of levels shows: a heading, and a figure by its name.
_COLUMNS = {
    "asked": "requests",
    "errors": "errors",
    "summaries / s": "summaries_per_s",
    "first bullet p50": "first_bullet_p50",
    "first bullet p95": "first_bullet_p95",
    "first bullet p99": "first_bullet_p99",
    "gap p50": "gap_p50",
    "gap p95": "gap_p95",
    "total p95": "total_p95",
    "lag p50": "lag_p50",
    "lag p99": "lag_p99",
    "good": "goodput_share",
}
_CURVES = {
    "first_bullet": ("Until the first bullet", "From when the request was due."),
    "gap": ("Between bullets", "From each bullet to the next of the same summary."),
    "lag": ("Emission lag", "From a bullet's closing character at the model to the bullet at the client."),
    "total": ("Until the end", "From when the request was due to its stream's end."),
}

# The page may load nothing and run nothing, so that opening it asks nobody for anything.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2230; --soft: #667085; --grid: #e4e7ec; --paper: #fff; --bad: #c4320a;
  --c0: #1570ef; --c1: #e04f16; --c2: #099250; --c3: #9e77ed; --c4: #b54708; --c5: #667085; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #98a2b3; --grid: #2b3240; --paper: #12151c;
  --bad: #ff8a65; --c0: #53b1fd; --c1: #f7936f; --c2: #47cd89; --c3: #bda5f7; --c4: #f0b46b; --c5: #98a2b3; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 64rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2.5rem 0 .25rem; } p { margin: .25rem 0; }
.soft, figcaption { color: var(--soft); } .bad { color: var(--bad); font-weight: 600; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
th, td { padding: .3rem .5rem; border-bottom: 1px solid var(--grid); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
thead th { color: var(--soft); font-weight: 600; white-space: normal; vertical-align: bottom; }
figure { margin: .5rem 0 0; } svg { width: 100%; height: auto; font: 11px system-ui, sans-serif; }
svg text { fill: var(--soft); } .grid { stroke: var(--grid); } .name, .tick-x { text-anchor: middle; }
.tick-y { text-anchor: end; } polyline.line { fill: none; stroke-width: 2; }
.wait { stroke: var(--grid); stroke-width: 3; }
.wait.failed { stroke: var(--bad); } .key { display: inline-block; margin-right: 1rem; }
.key i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .35em; }
"""
# As many series as there can be levels; their colours begin again after the sixth.
_SERIES = "".join(
    f".line.s{n} {{ stroke: var(--c{n % 6}); }} .s{n} {{ fill: var(--c{n % 6}); background: var(--c{n % 6}); }}\n"
    for n in range(MAX_LEVELS)
)


def render(summary: LoadSummary, runs: Sequence[LevelRun]) -> str:
    """The whole page; `runs` are the levels of the summary, in the same order."""
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>streamsum load test</title>\n<style>{_STYLE}{_SERIES}</style>\n</head>\n<body>",
            f"<h1>streamsum load test</h1>\n<p class=soft>{escape(summary.started_at)}</p>",
            *_warnings(summary),
            _levels(summary.levels),
            *_errors(summary.levels),
            *_verdicts(summary.verdicts),
            *map(_figure, _charts(summary, runs)),
            _facts("What was run", summary.settings),
            _facts("What it ran on", summary.environment),
            "</body>\n</html>\n",
        ]
    )


def _warnings(summary: LoadSummary) -> Iterator[str]:
    if summary.interrupted:
        yield "<p class=bad>Interrupted: what follows is what was measured until then.</p>"
    for level in summary.levels:
        if level.generator.saturated:
            yield (
                f"<p class=bad>{escape(level.name)}: the load generator was saturated; these times are its own as well."
                "</p>"
            )


def _levels(levels: Sequence[LevelSummary]) -> str:
    shown = [figures_of(level) for level in levels]
    columns = {heading: name for heading, name in _COLUMNS.items() if any(each[name] is not None for each in shown)}
    rows = [
        [level.name, *(_cell(name, figures[name]) for name in columns.values())]
        for level, figures in zip(levels, shown, strict=True)
    ]
    return _table(["", *columns], rows)


def _cell(name: str, value: float | None) -> str:
    return "" if value is None else show_quantity(value, KINDS[name])


def _errors(levels: Sequence[LevelSummary]) -> Iterator[str]:
    rows = [[level.name, code, str(count)] for level in levels for code, count in sorted(level.errors.items())]
    if rows:
        yield "<h2>Errors</h2>" + _table(["", "code", "requests"], rows)


def _verdicts(verdicts: Sequence[Verdict]) -> Iterator[str]:
    if verdicts:
        failed = sum(not each.passed for each in verdicts)
        kind = "bad" if failed else "soft"
        rows = [[each.gate, each.level, *_judged(each)] for each in verdicts]
        yield f"<h2>Gates</h2><p class={kind}>{len(verdicts) - failed} passed, {failed} failed</p>"
        yield _table(["gate", "level", "found", "limit", ""], rows)


def _judged(verdict: Verdict) -> list[str]:
    name = verdict.figure
    return [_cell(name, verdict.found), _cell(name, verdict.limit), "passed" if verdict.passed else "FAILED"]


def _charts(summary: LoadSummary, runs: Sequence[LevelRun]) -> Iterator[Chart]:
    drawn: list[Chart | None] = []
    for measure, (title, says) in _CURVES.items():
        drawn.append(percentile_curves(runs, measure, title, says))
    for measure in ("lag", "first_bullet"):
        title, says = _CURVES[measure]
        drawn.append(against_load(summary.levels, measure, f"{title}, against the load", says))
    drawn += map(timeline, runs)
    return (each for each in drawn if each is not None)


def _figure(chart: Chart) -> str:
    keys = "".join(f'<span class=key><i class="s{n}"></i>{escape(name)}</span>' for n, name in enumerate(chart.series))
    caption = f"<figcaption>{escape(chart.says)} {keys}</figcaption>"
    return f"<h2>{escape(chart.title)}</h2>\n<figure>{caption}\n{chart.svg}\n</figure>"


def _facts(title: str, facts: Mapping[str, object]) -> str:
    rows = [[name, "unknown" if value is None else str(value)] for name, value in facts.items()]
    return f"<h2>{title}</h2>" + _table([], rows)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = f"<thead><tr>{''.join(f'<th>{escape(each)}</th>' for each in headings)}</tr></thead>" if headings else ""
    body = "".join(f"<tr>{''.join(f'<td>{escape(each)}</td>' for each in row)}</tr>\n" for row in rows)
    return f'<div class="scroll"><table>{head}<tbody>\n{body}</tbody></table></div>'
