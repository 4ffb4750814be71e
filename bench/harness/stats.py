"""Medians and ratios of paired samples."""

import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Comparison:
    """How many times faster the subject is than a peer (above 1: the subject is faster)."""

    pairs: int
    subject_median: float
    peer_median: float
    ratio_of_medians: float
    median_ratio: float
    low_ratio: float  # quartiles and extremes of the paired ratios
    high_ratio: float
    min_ratio: float
    max_ratio: float
    median_difference: float  # subject - peer, of the pairs


def quantile(values, share):
    """The value below which a share (0..1) of the sorted values lies, interpolated."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def compare(pairs):
    """Compares times; pairs is a list of (subject's time, peer's time)."""
    if not pairs:
        raise ValueError("no pairs")
    if any(time <= 0 for pair in pairs for time in pair):
        raise ValueError("a time that is not positive")
    ratios = [peer / subject for subject, peer in pairs]
    subject = statistics.median(s for s, _ in pairs)
    peer = statistics.median(p for _, p in pairs)
    return Comparison(
        pairs=len(pairs),
        subject_median=subject,
        peer_median=peer,
        ratio_of_medians=peer / subject,
        median_ratio=statistics.median(ratios),
        low_ratio=quantile(ratios, 0.25),
        high_ratio=quantile(ratios, 0.75),
        min_ratio=min(ratios),
        max_ratio=max(ratios),
        median_difference=statistics.median(s - p for s, p in pairs),
    )


def order(names, round_number):
    """The order in which a round runs: turned round every other time, so that what the first
    does to the machine falls on both alike."""
    return list(names) if round_number % 2 == 0 else list(reversed(names))
