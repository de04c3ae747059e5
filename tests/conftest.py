"""Fixtures that several modules need."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Iterator, Mapping

import pytest
import uvloop
from coverage import Coverage

from tests.redis_server import SERVER, RedisServer, redis_server
from tests.steady_clock import SteadyLoop, SteadyUvloop


def pytest_configure(config: pytest.Config) -> None:
    """What a worker runs is measured once, by pytest-cov, which heeds `no_cover`; as a subprocess it would be again.

    Where there is no Redis, what is for it is not run. And Ctrl-C means what it does at a terminal, also where a script
    put the suite into its background.
    """
    if SERVER is None and (coverage := config.pluginmanager.get_plugin("_cov")):
        coverage.options.cov_fail_under = 93
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    while hasattr(config, "workerinput") and (measuring := Coverage.current()):
        measuring.stop()


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, for half of what the suite does is wait; but memory is measured beside it."""
    return min((os.cpu_count() or 1) + 1, 4)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: else all cores but one wait, at the end, for who goes through the last of them."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The service runs on uvloop, a mounted app on what its owner likes: tests of what meets transports run on both."""
    both = item.get_closest_marker("both_loops")
    real = item.get_closest_marker("real_time")
    return {
        "asyncio": asyncio.new_event_loop if real else SteadyLoop,
        **({"uvloop": uvloop.new_event_loop if real else SteadyUvloop} if both else {}),
    }


@pytest.fixture
def sober_logging() -> Iterator[None]:
    """Logging as it was before, for tests of what sets it up."""
    loggers = [logging.getLogger(), *map(logging.getLogger, list(logging.root.manager.loggerDict))]
    before = [(logger, logger.level, logger.propagate, logger.handlers[:]) for logger in loggers]
    raises = logging.raiseExceptions
    logging.getLogger().handlers.clear()  # `basicConfig(force=True)` would close those of pytest
    yield
    logging.captureWarnings(False)
    logging.raiseExceptions = raises
    for logger, level, propagate, handlers in before:
        logger.setLevel(level)
        logger.propagate = propagate
        logger.handlers[:] = handlers


@pytest.fixture(scope="session")
def _redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def redis(_redis: RedisServer) -> RedisServer:
    """A server with nothing in it, for tests that do it no harm."""
    _redis.empty()
    return _redis


def pytest_sessionfinish(session: pytest.Session) -> None:
    """On CI nothing may be skipped: what a test needs is there, or `.ci/run` has to install it."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
