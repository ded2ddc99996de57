"""Tables 2 and 3 from cases small enough to count by hand."""

import numpy as np
import pytest

from emoprism.experiments.results import Other, results_of, run_rows
from emoprism.experiments.scores import (
    DIFFERENCE,
    TEST,
    UA,
    UNSEEN,
    VALIDATION,
    WA,
    Attack,
    Draws,
    FoldResult,
    Value,
    attacked,
    elsewhere,
    evidence,
    joined,
    over_folds,
    pooled,
)
from emoprism.experiments.study_tables import tables_of
from emoprism.experiments.study_verdict import verdict
from emoprism.leakage.evidence import Judged
from emoprism.report.findings import Tone

NONE = Draws(0, 0)


def judged(true, predicted, speakers="ab", classes=("x", "y")):
    count = len(true)
    who = tuple(speakers[i % len(speakers)] for i in range(count))
    clips = tuple(f"{speakers}-{i}" for i in range(count))
    return Judged(clips, who, np.array(true), np.array(predicted), classes)


def run(validation, test, *, system="one", seed=0, fold="f0", **more):
    return FoldResult(system, system.upper(), seed, fold, validation, test, more.pop("attacks", {}), **more)


# Fold 0: validation 3 of 4 right (recalls 2/3 and 1), test 1 of 2 (recalls 1 and 0).
# Fold 1: validation 2 of 2 right, test 3 of 4 (recalls 1 and 1/2).
FOLDS = [
    run(judged([0, 0, 0, 1], [0, 0, 1, 1], "ab"), judged([0, 1], [0, 0], "cd")),
    run(judged([0, 1], [0, 1], "cd"), judged([0, 0, 1, 1], [0, 0, 1, 0], "ab"), fold="f1"),
]


def test_weighted_and_unweighted_accuracy_of_folds_are_averaged():
    value = {(m, p): over_folds(FOLDS, m, p, NONE).value for m in (WA, UA) for p in (VALIDATION, TEST, DIFFERENCE)}
    assert value[WA, VALIDATION] == pytest.approx((3 / 4 + 1) / 2)
    assert value[WA, TEST] == pytest.approx((1 / 2 + 3 / 4) / 2)
    assert value[UA, VALIDATION] == pytest.approx(((2 / 3 + 1) / 2 + 1) / 2)
    assert value[UA, TEST] == pytest.approx((1 / 2 + 3 / 4) / 2)
    assert value[WA, DIFFERENCE] == pytest.approx(value[WA, TEST] - value[WA, VALIDATION])
    assert value[UA, DIFFERENCE] == pytest.approx(value[UA, TEST] - value[UA, VALIDATION])


def test_pooled_clips_count_alike_whatever_their_fold():
    assert pooled(FOLDS, WA, VALIDATION, NONE).value == pytest.approx(5 / 6)
    assert pooled(FOLDS, WA, TEST, NONE).value == pytest.approx(4 / 6)
    assert pooled(FOLDS, UA, TEST, NONE).value == pytest.approx((3 / 3 + 1 / 3) / 2)
    assert pooled(FOLDS, WA, DIFFERENCE, NONE).value == pytest.approx(-1 / 6)


def test_pooling_is_within_a_seed_and_over_seeds_there_is_a_mean():
    again = [run(fold.validation, judged([0], [1], "cd"), seed=1, fold=fold.fold) for fold in FOLDS]
    assert pooled([*FOLDS, *again], WA, TEST, NONE).value == pytest.approx((4 / 6 + 0) / 2)


def test_joined_parts_may_order_their_classes_otherwise():
    one, two = judged([0, 1], [0, 0]), judged([0, 1], [0, 1], classes=("y", "x"))
    both = joined([one, two])
    assert [both.classes[i] for i in both.true] == ["x", "y", "y", "x"]
    assert [both.classes[i] for i in both.predicted] == ["x", "x", "y", "x"]


def test_an_interval_holds_the_mean_and_draws_speakers_not_clips():
    # Speaker a is always right, b never: whoever is drawn alone decides.
    sure = run(judged([0] * 40, [0, 1] * 20), judged([0] * 40, [0, 1] * 20))
    value = over_folds([sure], WA, TEST, Draws(500, 0))
    assert (value.low, value.high) == (0.0, 1.0)
    assert value.value == 0.5
    gap = over_folds([sure], WA, DIFFERENCE, Draws(500, 0))
    assert gap == Value(0.0, 0.0, 0.0), "the same speakers are drawn on both sides"


def test_another_corpus_has_the_mean_and_the_extremes_of_each_seeds_folds():
    shares = {(0, "f0"): 1, (0, "f1"): 3, (1, "f0"): 2, (1, "f1"): 2}
    runs = [
        run(*[FOLDS[0].validation] * 2, seed=seed, fold=fold, other=judged([1] * 4, [1] * hits + [0] * (4 - hits)))
        for (seed, fold), hits in shares.items()
    ]
    spread = elsewhere(runs, lambda one: evidence(one.other, WA), NONE)
    assert spread.mean.value == pytest.approx(8 / 16)
    assert spread.least == pytest.approx((1 / 4 + 2 / 4) / 2)
    assert spread.most == pytest.approx((3 / 4 + 2 / 4) / 2)


def test_the_strongest_attacker_is_the_one_that_is_best_on_average():
    lucky = {"m": judged([0, 1], [0, 1]), "k": judged([0, 1], [0, 0])}
    unlucky = {"m": judged([0, 1, 0, 1], [1, 0, 1, 1]), "k": judged([0, 1, 0, 1], [0, 1, 0, 1])}
    runs = [
        run(*[FOLDS[0].validation] * 2, fold=f"f{i}", attacks={UNSEEN: Attack(told, told, 0.5)})
        for i, told in enumerate((lucky, unlucky))
    ]
    found = attacked(runs, UNSEEN, NONE)
    assert found is not None
    assert found.attacker == "k", "m is the best of the first run alone"
    assert found.by_attacker == {"m": pytest.approx(0.625), "k": pytest.approx(0.75)}
    assert found.accuracy.value == pytest.approx(0.75)
    assert attacked(runs, "seen", NONE) is None


def graded(name, hits, gap):
    """Ten clips of each of four speakers, `hits` of ten right on test and `hits + gap` on validation."""

    def part(right):
        return judged([0] * 40, [0 if i // 4 < right else 1 for i in range(40)], "abcd")

    return run(part(hits + gap), part(hits), system=name, other=part(hits))


def results(**hits):
    runs = [graded(name, *told) for name, told in hits.items()]
    return results_of(runs, tuple(hits), Draws(200, 0), Other(40, 2, ("x", "y"), "label", 0.5, ("x", 0.6)))


def tones(found):
    return {finding.rule: finding.tone for finding in verdict(found)}


def test_the_verdict_says_that_the_order_appears_where_it_does():
    found = results(best=(9, 0), middle=(7, 1), last=(5, 3))
    assert tones(found) == {"order": Tone.YES, "gap": Tone.YES, "elsewhere": Tone.YES}
    assert "BEST > MIDDLE > LAST" in verdict(found)[0].text
    assert "90.0 %" in verdict(found)[0].text


def test_the_verdict_says_that_it_does_not_where_it_does_not():
    found = results(best=(5, 4), middle=(7, 1), last=(9, 0))
    assert tones(found) == {"order": Tone.NO, "gap": Tone.NO, "elsewhere": Tone.NO}
    assert "does not appear" in verdict(found)[0].text
    assert tones(results(best=(7, 1), middle=(9, 0), last=(5, 3)))["order"] == Tone.PARTLY


def test_the_verdict_on_another_corpus_wants_more_than_one_word_said_always():
    found = results(best=(6, 0), last=(5, 3))
    assert tones(found)["elsewhere"] == Tone.NO
    assert "no system is better than always saying 'x': BEST 60.0 %" in verdict(found)[2].text
    found = results(best=(7, 0), last=(5, 3))
    assert tones(found)["elsewhere"] == Tone.YES and "always saying 'x' reaches 60.0 %" in verdict(found)[2].text


def test_the_verdict_is_half_hearted_where_intervals_overlap():
    # Every speaker but one alike: the mean is ahead, but not for every draw of speakers.
    one = run(judged([0] * 8, [0] * 8, "abcd"), judged([0] * 8, [0] * 8, "abcd"), system="best")
    two = run(judged([0] * 8, [0] * 8, "abcd"), judged([0] * 8, [0] * 7 + [1], "abcd"), system="last")
    assert tones(results_of([one, two], ("best", "last"), Draws(200, 0)))["order"] == Tone.PARTLY
    assert tones(results_of([one, two], ("best", "last"), Draws(200, 0)))["gap"] == Tone.PARTLY


def test_folds_that_change_places_are_seen():
    told = results_of(FOLDS, (), NONE)
    assert told.twins, "f0 validates on a and b and tests c and d"
    assert "change places" in tables_of(told)[0].note
    alone = results_of(FOLDS[:1], (), NONE)
    assert not alone.twins and "change places" not in tables_of(alone)[0].note


def test_the_tables_show_what_was_counted():
    found = results(best=(9, 0), last=(5, 3))
    tables = {table.key: table for table in tables_of(found)}
    assert [cell.text for cell in tables["table-2"].rows[1].cells[:3]] == ["80.00", "50.00", "-30.00"]
    assert tables["table-2"].rows[0].cells[1].best and tables["table-2"].rows[0].cells[2].best
    assert [cell.text for cell in tables["table-3"].rows[0].cells] == ["90.00", "90.00", "90.00"]
    assert "2 more have no right answer" in tables["table-3"].note
    assert {row.head for row in tables["table-3"].rows if row.reference} == {"guessing", "always 'x'"}
    assert "speakers" not in tables or not tables["speakers"].rows


def test_every_run_has_its_rows():
    rows = run_rows(FOLDS)
    assert ("one", 0, "f0", TEST, WA, 2, 0.5) in rows
    assert ("one", 0, "f1", VALIDATION, UA, 2, 1.0) in rows
    assert len(rows) == 12
