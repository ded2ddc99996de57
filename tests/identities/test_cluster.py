"""What clustering promises, whatever the vectors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage

from emoprism.identities.cluster import agglomerate, before, labels_of
from emoprism.identities.evidence import Evidence, Groups, diluted, scores
from emoprism.identities.refine import confidences, refine
from emoprism.identities.scores import agreement


def evidence(vectors: np.ndarray, *, slope: float = 20.0, offset: float = -10.0, belongs: float = 1.0) -> Evidence:
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return Evidence(unit, np.where(np.any(vectors != 0, axis=1), belongs, 0.0), slope, offset)


def people(count: int, each: int, spread: float, seed: int = 0, width: int = 64) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(count), each)
    return rng.normal(0, 1, (count, width))[truth] + rng.normal(0, spread, (len(truth), width)), truth


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.array_equal(a[:, None] == a, b[:, None] == b))


def cluster(known: Mapping[str, Evidence], apart: tuple[tuple[int, int], ...] = (), stop: float = 0.0) -> np.ndarray:
    count = len(next(iter(known.values())).vectors)
    return labels_of(list(agglomerate(known, apart, stop=stop)), count)


def test_well_separated_people_are_found() -> None:
    vectors, truth = people(30, 8, 0.4)
    assert same(cluster({"face": evidence(vectors)}), truth)


def test_those_who_cannot_be_told_apart_are_not_forced_apart() -> None:
    rng = np.random.default_rng(1)
    vectors = np.ones((40, 8)) + rng.normal(0, 1e-3, (40, 8))
    assert cluster({"face": evidence(vectors)}).max() == 0


def test_without_likeness_nobody_is_joined() -> None:
    assert same(cluster({"face": evidence(np.eye(12))}), np.arange(12))


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_clips_does_not_matter(seed: int) -> None:
    vectors, _ = people(12, 6, 1.1, seed)
    order = np.random.default_rng(seed).permutation(len(vectors))
    straight = refine({"face": evidence(vectors)}, cluster({"face": evidence(vectors)}))
    mixed = refine({"face": evidence(vectors[order])}, cluster({"face": evidence(vectors[order])}))
    assert 1 < straight.max() < len(vectors) - 1
    assert same(straight[order], mixed)


@pytest.mark.parametrize("threshold", [0.0, 1.0, 3.0])
def test_without_constraints_it_is_average_linkage(threshold: float) -> None:
    vectors, _ = people(10, 5, 1.0, seed=3)
    known = evidence(vectors)
    ratio = known.slope * known.vectors @ known.vectors.T + known.offset
    condensed = (100 - ratio)[np.triu_indices(len(ratio), 1)]
    theirs = fcluster(linkage(condensed, "average"), 100 - threshold, "distance")
    assert same(cluster({"face": known}, stop=threshold), theirs)


def test_who_is_seen_at_one_time_stays_apart_through_all_merges() -> None:
    vectors, _ = people(1, 30, 0.1)
    apart = tuple((a, a + 15) for a in range(15))
    known = {"face": evidence(vectors)}
    labels = cluster(known, apart)
    assert all(labels[a] != labels[b] for a, b in apart)
    refined = refine(known, labels, apart)
    assert all(refined[a] != refined[b] for a, b in apart)
    assert cluster(known).max() == 0, "without the constraint they are one"


def test_refining_never_brings_together_who_is_apart() -> None:
    vectors, _ = people(2, 6, 0.1)
    labels = np.array([0] * 6 + [1] * 5 + [2])
    apart = [(11, 7)]
    assert refine({"face": evidence(vectors)}, labels, apart)[11] == 2
    assert refine({"face": evidence(vectors)}, labels)[11] == 1, "without the constraint it moves"


def test_a_merge_made_early_is_undone() -> None:
    vectors, truth = people(4, 8, 0.4)
    wrong = truth.copy()
    wrong[3] = 2
    assert same(refine({"face": evidence(vectors)}, wrong), truth)
    held = refine({"face": evidence(vectors)}, wrong, fixed=4)
    assert held[3] == held[-9] != held[0], "the first ones are fixed"


def test_nobody_moves_to_the_largest_for_its_size_alone() -> None:
    known = {"face": evidence(np.eye(40), slope=1.0, offset=0.0)}
    labels = np.array([0] * 30 + list(range(1, 11)))
    assert same(refine(known, labels)[30:], labels[30:])


def test_faces_and_voices_add_up() -> None:
    faces, truth = people(12, 8, 1.1, seed=1, width=24)
    voices, _ = people(12, 8, 1.1, seed=2, width=24)
    both = {"face": evidence(faces, offset=-6.0), "voice": evidence(voices, offset=-6.0)}

    def found(*kinds: str) -> float:
        known = {kind: both[kind] for kind in kinds}
        labels = refine(known, cluster(known))
        return agreement([str(label) for label in labels], [str(person) for person in truth]).pairwise_f1

    assert found("face", "voice") > 0.9
    assert max(found("face"), found("voice")) < found("face", "voice") - 0.1


def test_without_evidence_in_common_nothing_is_said() -> None:
    faces, voices = np.eye(2, 4), np.eye(2, 4)
    faces[1], voices[0] = 0, 0
    known = {"face": evidence(faces), "voice": evidence(voices)}
    single = Groups.single(known)
    assert scores(single, single)[0, 1] == -np.inf
    assert same(cluster(known, stop=-1e9), np.arange(2))


def test_a_voice_that_may_be_anybodys_can_veto_only_so_much() -> None:
    assert diluted(np.array([-50.0]), np.array([0.81]))[0] == pytest.approx(np.log(0.19))
    assert diluted(np.array([5.0]), np.array([0.0]))[0] == pytest.approx(0.0)
    assert diluted(np.array([-7.0, 7.0]), np.ones(2)) == pytest.approx([-7.0, 7.0])


def test_merges_before_a_threshold_are_those_of_a_run_with_it() -> None:
    vectors, _ = people(8, 6, 1.0, seed=5)
    known = {"face": evidence(vectors)}
    merges = list(agglomerate(known, stop=-np.inf))
    assert len(merges) == len(vectors) - 1
    assert list(before(merges, 2.0)) == list(agglomerate(known, stop=2.0))


def test_confidence_is_a_probability_that_falls_with_likeness_to_others() -> None:
    vectors, truth = people(5, 6, 0.4)
    vectors[0] = vectors[0] + vectors[6]
    vectors[29] = 0
    sure = confidences({"face": evidence(vectors)}, truth)
    assert ((sure >= 0) & (sure <= 1)).all()
    assert sure[0] < 0.7 < sure[1:6].min()
    assert sure[29] == 0, "nothing is known of it"


def test_nobody_at_all() -> None:
    empty = {"face": Evidence(np.zeros((0, 4)), np.zeros(0), 1.0, 0.0)}
    assert list(agglomerate(empty)) == []
    assert len(labels_of([], 0)) == 0


def test_rows_of_merged_groups_are_forgotten_on_the_way() -> None:
    vectors, truth = people(60, 10, 0.4)
    known = {"face": evidence(vectors)}
    assert same(cluster(known), truth)
