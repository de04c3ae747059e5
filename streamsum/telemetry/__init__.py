"""What may be recorded: nothing of a user's text, an upstream's message or an exception's words, at any level.

| to know | read |
|---|---|
| what a line of the log may say, and how it is printed | `fields.py`, `logs.py`, `closing_line.py` |
| what becomes of exceptions | `exceptions.py`, `escapes.py` |
| what is counted, with which labels | `metrics.py`, `summary_metrics.py`, `emission.py`, `loop_lag.py` |
| what a span may say, where it goes | `attributes.py`, `summary_spans.py`, `tracing.py`, `otel.py`, `exporting.py` |
| who tells them all | `observing.py`, `telemetry.py`, `origin.py` |
"""

from streamsum.telemetry.exceptions import whereabouts as whereabouts
