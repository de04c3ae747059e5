"""Fixtures that several modules need."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture
def sober_logging() -> Iterator[None]:
    """Logging as it was before, for tests of what sets it up."""
    loggers = [logging.getLogger(), *map(logging.getLogger, list(logging.root.manager.loggerDict))]
    before = [(logger, logger.level, logger.handlers[:]) for logger in loggers]
    logging.getLogger().handlers.clear()  # `basicConfig(force=True)` would close those of pytest
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers
