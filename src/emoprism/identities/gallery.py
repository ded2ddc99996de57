"""People who are known beforehand: a folder of pictures, videos and sound files for each, or an earlier identify."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64, UInt8
from safetensors import SafetensorError
from safetensors.numpy import load_file

from emoprism.console import track
from emoprism.errors import CorpusError, MediaError, Problem, StageError
from emoprism.identities.embedders import Embedders
from emoprism.identities.options import Kind
from emoprism.identities.persons import UNKNOWN
from emoprism.identities.scale import unit_length
from emoprism.identities.sound import waveform
from emoprism.media.decode import Medium
from emoprism.media.detectors.base import Detector
from emoprism.media.options import PrepareOptions, find_detector
from emoprism.media.process import process_clip
from emoprism.media.tracks import Square, crop
from emoprism.stage import MANIFEST, fingerprint, read_manifest
from emoprism.types import AUDIO, FACE, Clip

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
MOST_PIXELS = 2**26
PERSONS, VECTORS = "persons.csv", "embeddings.safetensors"
STAGE = "identify"
FORBIDDEN = frozenset('/\\:*?"<>|')

Vectors = dict[Kind, list[np.ndarray]]


@dataclass(frozen=True)
class Gallery:
    """Names, and one vector of each kind for each (zeros where there is none)."""

    names: tuple[str, ...]
    vectors: Mapping[Kind, Float64[np.ndarray, "G _"]]


def open_gallery(path: Path, embedders: Embedders, media: PrepareOptions, widths: Mapping[Kind, int]) -> Gallery:
    """Raises CorpusError or StageError with everything in it that is of no use."""
    earlier = (path / MANIFEST).is_file()
    found = _earlier(path, embedders) if earlier else _folders(path, embedders, media)
    names = sorted(found)
    return Gallery(tuple(names), {kind: _means(kind, [found[n] for n in names], widths[kind]) for kind in widths})


def _means(kind: Kind, people: Sequence[Vectors], width: int) -> Float64[np.ndarray, "G D"]:
    table = np.zeros((len(people), width))
    for row, person in enumerate(people):
        if person.get(kind):
            table[row] = unit_length(np.stack(person[kind])).mean(0)
    return table


def _earlier(path: Path, embedders: Embedders) -> dict[str, Vectors]:
    """The persons of an earlier identify, which must have used the same models."""
    before = {name: ref.sha256 for name, ref in read_manifest(path, STAGE).inputs.items() if ":" in name}
    now = {name: fingerprint(file) for name, file in embedders.files.items()}
    if before != now:
        fix = "use the models that it was made with, or a folder of pictures and sound files per person"
        raise StageError(Problem(str(path), "made with other models, whose vectors say nothing to these", fix))
    try:
        with (path / PERSONS).open(encoding="utf-8", newline="") as file:
            people = [row["person"] for row in csv.DictReader(file)]
        tensors = load_file(path / VECTORS)
    except (OSError, KeyError, ValueError, csv.Error, SafetensorError) as error:
        raise StageError(Problem(str(path), f"cannot be read: {error}", "identify again with --overwrite")) from None
    found: dict[str, Vectors] = {}
    for row, name in enumerate(people):
        if name == UNKNOWN:
            continue
        _checked(name, path / PERSONS)
        for kind in embedders.kinds:
            vector = tensors[kind][row].astype(np.float64)
            if np.any(vector):
                found.setdefault(name, {}).setdefault(kind, []).append(vector)
    return found


def _folders(path: Path, embedders: Embedders, media: PrepareOptions) -> dict[str, Vectors]:
    folders = (
        sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith((".", "__"))) if path.is_dir() else []
    )
    if not folders:
        fix = "expected a folder per person: gallery/NAME/*.jpg, *.mp4 or *.wav"
        raise CorpusError(Problem(str(path), "holds no folder of a person", fix))
    found: dict[str, Vectors] = {}
    problems: list[Problem] = []
    for folder in track(folders, "gallery", len(folders)):
        _checked(folder.name, folder)
        known: Vectors = {}
        for file in sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")):
            try:
                for kind, vector in _file(file, embedders, media).items():
                    known.setdefault(kind, []).append(vector)
            except MediaError as error:
                problems.append(Problem(str(file), error.reason, "take it out of the gallery"))
        if not known and not any(problem.where.startswith(str(folder)) for problem in problems):
            problems.append(Problem(str(folder), "holds nothing that the models can take", "add pictures or sound"))
        found[folder.name] = known
    if problems:
        raise CorpusError(problems)
    return found


def _checked(name: str, where: Path) -> None:
    """A name also becomes the name of a picture file."""
    if name in ("", ".", "..", UNKNOWN) or not name.isprintable() or FORBIDDEN & set(name):
        raise CorpusError(Problem(str(where), f"'{name}' cannot be the name of a person", "rename it"))


def _file(file: Path, embedders: Embedders, media: PrepareOptions) -> dict[Kind, np.ndarray]:
    if file.suffix.lower() in PICTURES:
        if embedders.face is None:
            raise MediaError("is a picture, and no model takes faces")
        return {"face": embedders.track(_face_of(file, find_detector(media), media)[None])}
    with Medium(file) as medium:
        seen = medium.video is not None and embedders.face is not None
        heard = medium.audio is not None and embedders.voice is not None
    clip = Clip(file.stem, {}, video=file if seen else None, audio=file if heard else None)
    out: dict[Kind, np.ndarray] = {}
    if seen:
        streams = process_clip(Clip(file.stem, {}, video=file), media.model_copy(update={"require": "face"})).streams
        out["face"] = embedders.track(streams[FACE])
    if heard and embedders.voice is not None:
        out["voice"] = embedders.voice.of_sound(waveform(clip, media))
    if not out:
        raise MediaError(f"holds no {FACE} and no {AUDIO} that a model takes")
    return out


def _face_of(file: Path, detector: Detector, media: PrepareOptions) -> UInt8[np.ndarray, "S S 3"]:
    """The largest face of a picture, cut out as those of videos are."""
    import cv2

    image = cv2.imdecode(np.fromfile(file, dtype=np.uint8), cv2.IMREAD_COLOR_RGB) if file.stat().st_size else None
    if image is None:
        raise MediaError("is no picture that can be read")
    if image.shape[0] * image.shape[1] > MOST_PIXELS:
        raise MediaError(f"is larger than {MOST_PIXELS} pixels")
    squares = [Square.of(face) for face in detector.detect(np.asarray(image, dtype=np.uint8))]
    if not squares:
        raise MediaError("no face was found in it")
    best = max(squares, key=lambda square: square.side)
    return crop(
        np.asarray(image, dtype=np.uint8), Square(best.x, best.y, best.side * (1 + 2 * media.margin)), media.crop
    )
