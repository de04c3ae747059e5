"""What a scrape says, as Prometheus reads it."""

from collections import defaultdict
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families


@dataclass(frozen=True, slots=True)
class Scrape:
    """Samples by name: each with its labels."""

    samples: dict[str, list[tuple[dict[str, str], float]]]

    @classmethod
    def of(cls, exposition: bytes) -> "Scrape":
        samples = defaultdict(list)
        for family in text_string_to_metric_families(exposition.decode()):
            for sample in family.samples:
                samples[sample.name].append((dict(sample.labels), sample.value))
        return cls(dict(samples))

    def __getitem__(self, name: str) -> float:
        """Of all labels together."""
        return sum(value for _, value in self.samples[name])

    def where(self, name: str, **labels: str) -> float:
        """Of those that have these labels."""
        return sum(value for found, value in self.samples[name] if labels.items() <= found.items())

    def above_zero(self, name: str, label: str) -> dict[str, float]:
        """By the values of this label."""
        return {labels[label]: value for labels, value in self.samples[name] if value}
