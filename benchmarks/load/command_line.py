"""The options, as `--help` shows them. Values stay text here: `options.py` reads them."""

import argparse
from pathlib import Path

_EXAMPLES = """\
examples:
  python -m benchmarks.load                                   # a service and a fake model of its own
  python -m benchmarks.load --concurrency 1,10,100 --duration 30s --pace 50
  python -m benchmarks.load --url http://127.0.0.1:8080 --rate 20 --requests 500 --slo first_bullet=2s,gap=1s
  python -m benchmarks.load --fail-if 'first_bullet_p95>2s' --fail-if 'error_rate>1%' --compare old/summary.json

exit status:
  0    done, and every gate passed
  1    a gate (--fail-if, --compare) failed
  2    bad usage, or --out cannot be written
  3    nothing could be measured: nobody answers, the service did not start, no request was answered well
  130  interrupted (143: told to end); what was measured until then is written
"""


def parser() -> argparse.ArgumentParser:
    """All options, in groups."""
    parsing = argparse.ArgumentParser(
        prog="python -m benchmarks.load",
        usage="%(prog)s [OPTION …]",
        description="Load-test a running streamsum, or one that is started for it, and write a report.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_target(parsing.add_argument_group("what is tested"))
    _add_load(parsing.add_argument_group("how much"))
    _add_requests(parsing.add_argument_group("what is asked"))
    _add_own(parsing.add_argument_group("without --url"))
    _add_results(parsing.add_argument_group("what is made of it"))
    return parsing


def _add_target(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--url", help="a running streamsum; without it one is started, with a fake model behind it")
    group.add_argument("--key", help="its key; better in STREAMSUM_KEY, which no list of processes shows")
    group.add_argument("--allow-remote", action="store_true", help="drive an address that is not this machine")
    group.add_argument(
        "--journal",
        type=Path,
        metavar="FILE",
        help="of the fake upstream behind --url (python -m benchmarks.fake_upstream --journal FILE): adds the lag",
    )


def _add_load(group: "argparse._ArgumentGroup") -> None:
    load = group.add_mutually_exclusive_group()
    load.add_argument(
        "--concurrency",
        default="1,10",
        metavar="N,…",
        help="closed loop: so many clients, each asking again when answered (default: %(default)s)",
    )
    load.add_argument(
        "--rate", metavar="R,…", help="open loop: so many requests a second, a Poisson process, timed from when due"
    )
    length = group.add_mutually_exclusive_group()
    length.add_argument("--duration", metavar="TIME", help="measure requests that start within it (default: 10s)")
    length.add_argument("--requests", metavar="N", help="measure so many a level")
    group.add_argument("--ramp-up", default="1s", metavar="TIME", help="reach the load in it (default: %(default)s)")
    group.add_argument("--warm-up", default="2s", metavar="TIME", help="leave out so much more (default: %(default)s)")
    # Longer than STREAMSUM_TOTAL_S: what a service ends by itself is not to be called our time-out.
    group.add_argument("--timeout", default="330s", metavar="TIME", help="for one request (default: %(default)s)")
    group.add_argument("--seed", default="0", metavar="N", help="of --rate (default: %(default)s)")


def _add_requests(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--texts", type=Path, metavar="DIR", help="its *.txt in turn; without it three built-in texts")
    group.add_argument("--body", default="{}", metavar="JSON", help="more fields of each request")


def _add_own(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--bullets", default="5", metavar="N", help="in the model's answer (default: %(default)s)")
    group.add_argument("--pace", default="50", metavar="N", help="tokens a second, 0: at once (default: %(default)s)")
    group.add_argument("--first-token-delay", default="200ms", metavar="TIME", help="(default: %(default)s)")
    group.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the service: STREAMSUM_…"
    )


def _add_results(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--slo", metavar="M=TIME,…", help="what a good request keeps: first_bullet=2s,gap=1s")
    group.add_argument(
        "--fail-if",
        action="append",
        default=[],
        metavar="FIGURE>VALUE",
        help="a gate for every level: a column of summary.csv, and < or >; several times for several",
    )
    group.add_argument("--compare", type=Path, metavar="FILE", help="an earlier summary.json as a gate")
    group.add_argument(
        "--tolerance", default="20%", metavar="SHARE", help="worse than --compare by it fails (default: %(default)s)"
    )
    group.add_argument("--out", type=Path, default=Path("load-report"), metavar="DIR", help="(default: %(default)s)")
