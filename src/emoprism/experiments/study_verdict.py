"""The verdict of a study, by fixed rules from its numbers: is a ranking that somebody has found found here too?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emoprism.experiments.results import Results
from emoprism.experiments.scores import DIFFERENCE, TEST, UA, UNSEEN, Value
from emoprism.report.findings import Finding, Tone


def verdict(results: Results) -> list[Finding]:
    """Sentences with their numbers; none of the first three where the study expects no order."""
    findings = [*_order(results), *_gap(results), *_elsewhere(results)] if len(results.order) > 1 else []
    return [*findings, *_speakers(results)]


def _order(results: Results) -> Iterator[Finding]:
    """YES: every lead is positive with its interval above 0; PARTLY: in the means alone, or some of the leads."""
    values = [results.system(name).folds[UA, TEST] for name in results.order]
    labels = [results.system(name).label for name in results.order]
    ahead = [lead.value.value > 0 for lead in results.leads]
    sure = [lead.value.low is not None and lead.value.low > 0 for lead in results.leads]
    tone = Tone.YES if all(ahead) and all(sure) else Tone.PARTLY if any(ahead) else Tone.NO
    appears = {
        Tone.YES: "appears, every lead with an interval above 0",
        Tone.PARTLY: "appears in the means, not every lead with an interval above 0"
        if all(ahead)
        else "appears in part",
        Tone.NO: "does not appear",
    }[tone]
    told = ", ".join(f"{label} {percent(value.value)}" for label, value in zip(labels, values, strict=True))
    leads = "; ".join(
        f"{results.system(lead.first).label} less {results.system(lead.second).label} {points(lead.value)}"
        for lead in results.leads
    )
    text = f"The order {' > '.join(labels)} in unweighted accuracy on the test speakers {appears}: {told}. {leads}."
    yield Finding("order", tone, text)


def _gap(results: Results) -> Iterator[Finding]:
    """Whether the first of the order loses least from validation to test; PARTLY where another may lose as little."""
    gaps = {system.label: system.folds[UA, DIFFERENCE] for system in results.systems}
    least = min(gaps, key=lambda label: abs(gaps[label].value))
    first = results.system(results.order[0]).label
    told = ", ".join(f"{label} {points(value)}" for label, value in gaps.items())
    words = f"The smallest difference between validation and test is that of {least}"
    more = "" if least == first else f", not of {first}"
    yield Finding("gap", _tone(first, least, gaps), f"{words}{more} (unweighted accuracy): {told}.")


def _elsewhere(results: Results) -> Iterator[Finding]:
    """Whether the first of the order is best on the other corpus; PARTLY where another may be as good.

    NO, too, where none of them tells more than somebody who hears nothing and always says the same.
    """
    found = {system.label: system.other.mean for system in results.systems if system.other is not None}
    first = results.system(results.order[0]).label
    if results.other is None or first not in found:
        return
    best = max(found, key=lambda label: found[label].value)
    word, share = results.other.constant
    told = ", ".join(f"{label} {interval(value)}" for label, value in found.items())
    floors = f"chance is {percent(results.other.chance)}, always saying '{word}' reaches {percent(share)}"
    if found[best].value <= share:
        text = f"On the other corpus no system is better than always saying '{word}': {told}; {floors}."
        yield Finding("elsewhere", Tone.NO, text)
        return
    text = f"On the other corpus {best} is best{'' if best == first else f', not {first}'}: {told}; {floors}."
    yield Finding("elsewhere", _tone(first, best, found), text)


def _tone(wanted: str, found: str, values: Mapping[str, Value]) -> Tone:
    """YES where no other system's interval holds the value of the one that is wanted and found."""
    if found != wanted:
        return Tone.NO
    others = [value for label, value in values.items() if label != wanted]
    return Tone.YES if all(_excludes(other, values[wanted].value) for other in others) else Tone.PARTLY


def _excludes(value: Value, other: float) -> bool:
    return value.low is not None and value.high is not None and not value.low <= other <= value.high


def _speakers(results: Results) -> Iterator[Finding]:
    """YES: of some system nothing above chance is read of strangers; NO: of every one the speaker is."""
    found = {system.label: system.attacks[UNSEEN] for system in results.systems if UNSEEN in system.attacks}
    if not found:
        return
    hidden = [label for label, one in found.items() if one.accuracy.low is not None and one.accuracy.low <= one.chance]
    told = ", ".join(f"{label} {interval(one.accuracy)}" for label, one in found.items())
    chance = next(iter(found.values())).chance
    text = (
        f"Fresh attackers tell unseen speakers apart by the emotion embedding: {told}; chance is {percent(chance)}."
        + (f" For {' and '.join(hidden)} the interval reaches down to chance." if hidden else " All are above chance.")
    )
    yield Finding("speakers", Tone.PARTLY if hidden else Tone.WARNING, text)


def percent(value: float) -> str:
    """As 58.3 %."""
    return f"{100 * value:.1f} %"


def interval(value: Value) -> str:
    """As 58.3 % [55.0, 61.2]."""
    bounds = "" if value.low is None or value.high is None else f" [{100 * value.low:.1f}, {100 * value.high:.1f}]"
    return f"{percent(value.value)}{bounds}"


def points(value: Value) -> str:
    """A difference in percentage points, as +1.2 [-0.4, +2.9]."""
    bounds = "" if value.low is None or value.high is None else f" [{100 * value.low:+.1f}, {100 * value.high:+.1f}]"
    return f"{100 * value.value:+.1f}{bounds}"
