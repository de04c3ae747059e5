"""The four scenes: how long the answers are, how fast the model writes, and how many are open at a time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One kind of load. `pace` is in tokens a second and stream, 0 for full speed.

    At pace, `streams` summaries run side by side, once, and start spread over `ramp_s`. At full speed `streams` are
    always open, one after the other, until `seconds` are over and at least `least` are done: slow peers do fewer.
    """

    name: str
    title: str
    tokens: int
    bullets: int
    max_bullet_chars: int = 280
    pace: float = 0.0
    streams: int
    ramp_s: float = 0.0
    seconds: float = 0.0
    least: int = 1

    @property
    def nominal_s(self) -> float:
        """How long it takes with a service that keeps up."""
        return self.ramp_s + self.tokens / self.pace if self.pace else self.seconds


SCENES = (
    Scene(name="short", title="600 tokens, full speed", tokens=600, bullets=10, streams=4, seconds=2.0, least=12),
    Scene(
        name="long",
        title="8,000 tokens, full speed",
        tokens=8_000,
        bullets=50,
        max_bullet_chars=1_000,
        streams=2,
        seconds=2.0,
        least=2,
    ),
    Scene(name="few", title="10 × 100 tokens/s", tokens=600, bullets=10, pace=100, streams=10, ramp_s=0.5),
    Scene(name="many", title="200 × 50 tokens/s", tokens=600, bullets=10, pace=50, streams=200, ramp_s=1.0),
)
# What a service is sent before it is measured: imports, connections and caches are warm then.
WARM_UP = Scene(name="warm-up", title="warm-up", tokens=600, bullets=10, streams=2, least=4)
