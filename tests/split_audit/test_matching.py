"""Copies are found however they were made; other recordings, also of the same words, are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from soxr import resample

from emoprism.media.audio import log_mel
from emoprism.split_audit.copies import as_copies, copy_findings, find_twins
from emoprism.split_audit.files import Excerpt, hear
from emoprism.split_audit.index import Library, find_candidates
from emoprism.split_audit.listing import Listing
from emoprism.split_audit.matching import Match, find_matches
from emoprism.split_audit.prints import Fingerprint, Sound, describe

from .conftest import Tape

REAL = Path(__file__).parents[3] / "shared" / "data" / "ravdess" / "audio"
OTHERS = range(10, 22)


def prints(*sounds: np.ndarray) -> list[Fingerprint]:
    return [describe(log_mel(samples.astype(np.float32))).fingerprint for samples in sounds]


def sounds(*parts: np.ndarray | None) -> list[Sound | None]:
    return [None if part is None else describe(log_mel(part.astype(np.float32))) for part in parts]


def pairs(matches: list[Match]) -> list[tuple[int, int]]:
    return [(match.first, match.second) for match in matches]


@pytest.fixture(scope="module")
def others(tape: Tape) -> list[np.ndarray]:
    return [tape.speech(number) for number in OTHERS]


def decoded(tmp_path: Path, name: str, data: bytes) -> Fingerprint:
    path = tmp_path / name
    path.write_bytes(data)
    return hear(Excerpt(path), 60.0).sound.fingerprint


def test_a_trim_is_found_with_its_shift(tape: Tape, others: list[np.ndarray]) -> None:
    cut = tape.trimmed(others[4], 0.333, 0.45)
    (match,) = find_matches(prints(*others, cut))
    assert (match.first, match.second) == (4, len(others))
    assert abs(match.shift + 0.333) < 0.011
    assert match.error < 0.1
    assert match.seconds > 0.8


@pytest.mark.parametrize(
    ("codec", "container", "bits"),
    [("libmp3lame", "mp3", 64_000), ("libmp3lame", "mp3", 32_000), ("aac", "adts", 32_000)],
)
def test_a_copy_at_a_low_bit_rate_is_found(
    tape: Tape, others: list[np.ndarray], tmp_path: Path, codec: str, container: str, bits: int
) -> None:
    copy = decoded(tmp_path, f"copy.{container}", tape.encoded(others[2], codec, container, bits))
    assert pairs(find_matches([*prints(*others), copy])) == [(2, len(others))]


def test_trimmed_quieter_and_encoded_at_once(tape: Tape, others: list[np.ndarray], tmp_path: Path) -> None:
    cut = 10 ** (-12 / 20) * tape.trimmed(others[7], 0.41, 0.3)
    copy = decoded(tmp_path, "copy.mp3", tape.encoded(cut, "libmp3lame", "mp3", 32_000))
    assert pairs(find_matches([copy, *prints(*others)])) == [(0, 8)]


def test_a_telephones_band_is_enough(tape: Tape, others: list[np.ndarray]) -> None:
    narrow = resample(resample(others[0], tape.rate, 8000), 8000, tape.rate)
    assert pairs(find_matches(prints(*others, narrow))) == [(0, len(others))]


def test_a_little_noise_does_not_hide_a_copy(tape: Tape, others: list[np.ndarray]) -> None:
    power = float(np.mean(np.square(others[1])))
    noisy = others[1] + np.random.default_rng(0).normal(0, np.sqrt(power / 3000), len(others[1]))
    assert pairs(find_matches(prints(*others, noisy))) == [(1, len(others))]


def test_other_recordings_do_not_match(tape: Tape) -> None:
    assert find_matches(prints(*(tape.speech(number) for number in range(60)))) == []


def test_noise_hum_and_clicks_do_not_match_each_other(tape: Tape) -> None:
    rng = np.random.default_rng(1)
    t = np.arange(2 * tape.rate) / tape.rate
    hum = [np.sin(2 * np.pi * 50 * t + p) + 0.001 * rng.normal(size=len(t)) for p in range(20)]
    noise = [rng.normal(size=len(t)) for _ in range(20)]
    assert find_matches(prints(*hum, *noise)) == []


def test_half_a_second_is_too_short_to_accuse_anybody(tape: Tape) -> None:
    short = [tape.speech(number)[8000:14000] for number in range(30)]
    assert find_matches(prints(*short)) == []


def test_blocks_change_nothing(tape: Tape, others: list[np.ndarray]) -> None:
    library = Library.of(prints(*others, *(tape.trimmed(sound, 0.1, 0.1) for sound in others)))
    whole = list(find_candidates(library))
    parts = list(find_candidates(library, block=50))
    assert len(parts) > len(whole) == 1
    for name in ("first", "second", "shift"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        assert joined.tolist() == getattr(whole[0], name).tolist()


def test_a_library_of_nothing_has_no_candidates() -> None:
    assert find_matches([]) == []
    assert list(find_candidates(Library.of(prints(np.zeros(100))))) == []


def test_equal_sound_is_exact_and_speaks_for_all_of_its_kind(tape: Tape, others: list[np.ndarray]) -> None:
    cut = tape.trimmed(others[0], 0.2, 0.2)
    twins = find_twins(sounds(others[0], others[1], others[0], None, cut, np.zeros(16_000)))
    assert pairs(list(twins.exact)) == [(0, 2)]
    assert pairs(list(twins.near)) == [(0, 4), (2, 4)]
    assert twins.known.tolist() == [True, True, True, False, True, True]
    assert twins.audible.tolist() == [True, True, True, False, True, False]
    kept = twins.of(np.array([2, 4, 5]))
    assert (pairs(list(kept.exact)), pairs(list(kept.near))) == ([], [(0, 1)])


def test_silent_clips_are_no_copies_of_each_other() -> None:
    assert find_twins(sounds(np.zeros(16_000), np.zeros(16_000))).exact == ()


@pytest.mark.parametrize(
    ("sides", "severity"),
    [
        (("train", "test"), "fault"), (("unseen", "train"), "fault"), (("validation", "unseen"), "fault"),
        (("train", "validation"), "warning"), (("train", "train"), "note"),
    ],
)  # fmt: skip
def test_a_copy_is_as_bad_as_the_sides_it_stands_on(
    tape: Tape, others: list[np.ndarray], sides: tuple[str, str], severity: str
) -> None:
    labels = [{"emotion": "happy"}, {"emotion": "sad"}]
    listing = Listing.of(["a", "b"], sides, labels)
    copies = as_copies(listing, find_twins(sounds(others[0], tape.trimmed(others[0], 0.25, 0.0))))
    (finding,) = copy_findings(listing, copies)
    assert (finding.severity, finding.examples) == (severity, ["a = b"])
    assert "(1 near); 1 of the pairs with another emotion" in finding.what


@pytest.mark.skipif(not REAL.is_dir(), reason="needs RAVDESS in ../shared/data")
def test_two_takes_of_a_sentence_by_one_actor_are_not_copies_and_real_copies_are(tape: Tape, tmp_path: Path) -> None:
    """Actor 20, all 60 clips: 28 sentences said twice in the same way. The copies: at 32 kbit/s, trimmed."""
    real = [soundfile.read(path, dtype="float32")[0] for path in sorted(REAL.glob("*-20.flac"))]
    assert len(real) == 60
    cut = [tape.encoded(tape.trimmed(samples, 0.3, 0.35), "libmp3lame", "mp3", 32_000) for samples in real[::6]]
    copies = [decoded(tmp_path, f"{number}.mp3", data) for number, data in enumerate(cut)]
    found = pairs(find_matches([*prints(*real), *copies]))
    assert found == [(6 * number, 60 + number) for number in range(len(copies))]
