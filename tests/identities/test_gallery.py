"""People who are known beforehand."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile

from emoprism.errors import CorpusError, RecipeError, StageError
from emoprism.identities import gallery as galleries
from emoprism.identities.identify import identify
from emoprism.media.detectors.base import Detection, Detector

RATE = 16_000


class WholePicture(Detector):
    """The picture is the face, unless it is black."""

    @property
    def model_file(self) -> Path | None:
        return None

    def detect(self, image: np.ndarray) -> list[Detection]:
        if not image.any():
            return []
        height, width = image.shape[:2]
        return [Detection((0.0, 0.0, float(width), float(height)), 1.0, np.zeros((0, 2), dtype=np.float32))]


@pytest.fixture(autouse=True)
def _detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(galleries, "find_detector", lambda options: WholePicture())


def speakers(out: Path) -> dict[str, str]:
    with (out / "identities.csv").open(encoding="utf-8") as file:
        return {row["clip"]: row["speaker"] for row in csv.DictReader(file)}


def portrait(path: Path, colour: tuple[int, int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((40, 40, 3), colour[::-1], dtype=np.uint8))


def hum(path: Path, person: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * (130 + 240 * person) * np.arange(RATE) / RATE), RATE)


def test_known_people_get_their_names(corpus: Path, quick: list[str], tmp_path: Path) -> None:
    portrait(tmp_path / "gallery" / "Änne" / "one.png", (200, 60, 60))
    hum(tmp_path / "gallery" / "Änne" / "two.wav", 0)
    hum(tmp_path / "gallery" / "Bo" / "one.wav", 1)
    identify(corpus, tmp_path / "out", [*quick, f"gallery={tmp_path / 'gallery'}"])
    found = speakers(tmp_path / "out")
    assert {found[f"v{index}-0"] for index in range(1, 5)} == {"Änne"}
    assert {found[f"v{index}-1"] for index in range(1, 5)} == {"Bo"}
    others = {name for clip, name in found.items() if not clip.endswith(("-0", "-1"))}
    assert others == {f"person-{number:04d}" for number in range(1, 5)}
    assert (tmp_path / "out" / "pictures" / "Änne.jpg").is_file()


def test_two_known_people_are_never_one(corpus: Path, quick: list[str], tmp_path: Path) -> None:
    portrait(tmp_path / "gallery" / "a" / "one.png", (200, 60, 60))
    portrait(tmp_path / "gallery" / "b" / "one.png", (201, 60, 61))
    identify(corpus, tmp_path / "out", [*quick, f"gallery={tmp_path / 'gallery'}"])
    found = speakers(tmp_path / "out")
    assert {found[f"v{index}-0"] for index in range(1, 5)} <= {"a", "b", ""}


def test_an_earlier_identify_is_a_gallery(
    corpus: Path, make_corpus: Callable[..., Path], quick: list[str], tmp_path: Path
) -> None:
    identify(corpus, tmp_path / "first", quick)
    later = make_corpus("later", 4, 4, seed=77)
    identify(later, tmp_path / "second", [*quick, f"gallery={tmp_path / 'first'}"])
    before, after = speakers(tmp_path / "first"), speakers(tmp_path / "second")
    assert all(after[f"v1-{person}"] == before[f"v1-{person}"] for person in range(4))


def test_an_earlier_identify_of_other_models_is_none(corpus: Path, quick: list[str], tmp_path: Path) -> None:
    identify(corpus, tmp_path / "first", quick)
    (tmp_path / "other.bin").write_bytes(b"other")
    other = [word.replace("weights.bin", "other.bin") for word in quick]
    with pytest.raises(StageError, match="made with other models"):
        identify(corpus, tmp_path / "second", [*other, f"gallery={tmp_path / 'first'}"])


def test_what_is_wrong_with_a_gallery_is_said_at_once(corpus: Path, quick: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "gallery"
    portrait(folder / "a" / "black.png", (0, 0, 0))
    (folder / "b").mkdir()
    (folder / "b" / "broken.jpg").write_bytes(b"no picture")
    (folder / "c").mkdir()
    with pytest.raises(CorpusError) as caught:
        identify(corpus, tmp_path / "out", [*quick, f"gallery={folder}"])
    for words in ("black.png: no face was found", "broken.jpg: is no picture", "c: holds nothing that the models"):
        assert words in str(caught.value)


def test_no_gallery(corpus: Path, quick: list[str], tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no such folder"):
        identify(corpus, tmp_path / "out", [*quick, "gallery=nowhere"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="expected a folder per person"):
        identify(corpus, tmp_path / "out", [*quick, f"gallery={tmp_path / 'empty'}"])
