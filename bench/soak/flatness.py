"""Whether what a process holds grows with time."""

import dataclasses
import itertools
import statistics

QUARTERS = 4
LEAST_SAMPLES = 12


@dataclasses.dataclass
class Growth:
    """One quantity of one process, after its first quarter, which is warm-up."""

    second_quarter: float  # median
    last_quarter: float  # median
    per_hour: float

    @property
    def growth(self):
        return self.last_quarter - self.second_quarter


def growth(samples, value):
    """Of value(held) over [(seconds, held)]."""
    if len(samples) < LEAST_SAMPLES:
        raise RuntimeError(f"{len(samples)} samples say nothing: soak for longer")
    points = [(seconds, value(held)) for seconds, held in samples]
    size = len(points) // QUARTERS
    warm = points[size:]

    def middle(part):
        return statistics.median(amount for _, amount in part)
    return Growth(middle(warm[:size]), middle(points[-size:]), 3600 * slope(warm))


def slope(points):
    """Theil and Sen's: the median slope between any two points, so that outliers do not count."""
    return statistics.median((y2 - y1) / (x2 - x1)
                             for (x1, y1), (x2, y2) in itertools.combinations(points, 2))
