"""A model of yours as an .onnx file, run by onnxruntime on one thread."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from jaxtyping import Float32, UInt8
from pydantic import Field, PositiveInt

from emoprism.errors import InputError, MediaError, Problem, did_you_mean
from emoprism.media.audio import log_mel
from emoprism.media.onnx_session import open_session
from emoprism.pretrained._inputs import finite, lengths
from emoprism.pretrained._onnx_shapes import DOCS, Colours, Layout, PictureInput, Sound, SoundInput
from emoprism.pretrained.base import Pretrained
from emoprism.types import AUDIO, FACE

CLASS_KEYS = ("classes", "labels", "names", "id2label")
"""Entries of a model's metadata that may name its classes: a JSON list or object, or words between commas."""
TYPES: Mapping[str, type[np.floating[Any]]] = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
PerColour = Annotated[tuple[float, ...], Field(min_length=1, max_length=3)]
PerColourPositive = Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1, max_length=3)]


class Onnx(Pretrained):
    """A model with one input. `source` is the file; what the file itself states needs no option.

    Faces: float32 or float16 [N, C, H, W] or [N, H, W, C], `(pixels * scale - mean) / std`, grey where C = 1; a side
    that is not stated is `size` (224). The answer is [N, D]; axes of length one may follow.

    Voices: a waveform [B, N] at 16 kHz, or the log-mel vectors of `emoprism.media.audio`, [B, T, 40] or [B, 40, T]. A
    fixed length is met by repeating, or by windows. Answers to windows, and to steps ([1, T, D]), are averaged.
    """

    libraries = ("onnxruntime",)

    def __init__(
        self,
        source: str,
        *,
        modality: Literal["face", "voice"] = "face",
        size: PositiveInt | None = None,
        layout: Layout = "auto",
        channels: Colours = "rgb",
        scale: Annotated[float, Field(gt=0)] = 1 / 255,
        mean: PerColour = (0.0,),
        std: PerColourPositive = (1.0,),
        sound: Sound = "auto",
        classes: tuple[str, ...] = (),
        output: str = "",
    ) -> None:
        """`classes`: names of the outputs in order, where they are classes. `output`: which one, of several."""
        super().__init__(source)
        self.file = Path(source)
        self.modality, self.size = modality, size
        self.layout: Layout = layout
        self.sound: Sound = sound
        self.channels: Colours = channels
        self.scale, self.mean, self.std = scale, mean, std
        self.named, self.output = classes, output
        if not self.file.is_file():
            raise InputError(Problem(source, "no such model file", "give the path of an .onnx file"))

    @property
    def takes(self) -> frozenset[str]:
        """Faces, or voices."""
        return frozenset({FACE if self.modality == "face" else AUDIO})

    @property
    def files(self) -> Mapping[str, Path]:
        """The file, and files of weights beside it that begin with its name (`model.onnx.data`)."""
        beside = sorted(path for path in self.file.parent.iterdir() if path.name.startswith(self.file.name))
        return {path.name: path for path in beside if path.is_file()}

    @property
    def classes(self) -> tuple[str, ...]:
        """As the option says, or else the file's own metadata."""
        return self.named or self._told

    def faces(self, crops: UInt8[np.ndarray, "T S S 3"]) -> Float32[np.ndarray, "T D"]:
        """One vector per crop."""
        if self.modality != "face":
            return super().faces(crops)
        wanted = self._pictures
        parts: list[np.ndarray] = []
        for first in range(0, len(crops), wanted.together):
            part = crops[first : first + wanted.together]
            values = wanted.fill(part, self.channels, self.scale, self.mean, self.std)
            missing = wanted.together - len(part) if wanted.fixed else 0
            given = np.concatenate([values, np.repeat(values[-1:], missing, axis=0)])
            parts.append(self._rows(self._run(given), len(given))[: len(part)])
        return finite(np.concatenate(parts), self.source)

    def voice(self, samples: Float32[np.ndarray, "N"]) -> Float32[np.ndarray, "D"]:
        """One vector: the mean over the windows, where the model has a length of its own."""
        if self.modality != "voice":
            return super().voice(samples)
        if len(samples) == 0:
            raise MediaError("there is no sound")
        wanted = self._sounds
        values = log_mel(samples) if wanted.log_mel else samples
        parts = lengths(values, wanted.shortest, wanted.longest)
        vectors = np.stack([self._vector(self._run(wanted.fill(part))) for part in parts])
        return finite(vectors.mean(0, dtype=np.float32), self.source)

    @cached_property
    def _told(self) -> tuple[str, ...]:
        return _classes_in(self._session.get_modelmeta().custom_metadata_map, self.source)

    @cached_property
    def _pictures(self) -> PictureInput:
        pictures = PictureInput.of(self._entry.shape, self.layout, self.size, self.source)
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (1, pictures.colours):
                what = f"{name} has {len(values)} values, the model takes {pictures.colours} colours"
                raise InputError(Problem(self.source, what, f"give one, or {pictures.colours}"))
        return pictures

    @cached_property
    def _sounds(self) -> SoundInput:
        return SoundInput.of(self._entry.shape, self.sound, self.source)

    @cached_property
    def _session(self) -> Any:
        return open_session(self.file, "pretrained model onnx")

    @cached_property
    def _entry(self) -> Any:
        entries = self._session.get_inputs()
        if len(entries) != 1 or entries[0].type not in TYPES:
            told = ", ".join(f"{entry.name} {entry.type} {entry.shape}" for entry in entries)
            raise InputError(Problem(self.source, f"takes {told}, expected one input of tensor(float)", DOCS))
        return entries[0]

    @cached_property
    def _asked(self) -> str:
        names = [entry.name for entry in self._session.get_outputs()]
        if self.output in names:
            return self.output
        if self.output:
            raise InputError(Problem(self.source, f"has no output '{self.output}'", did_you_mean(self.output, names)))
        if len(names) != 1:
            raise InputError(Problem(self.source, f"has the outputs {', '.join(names)}", "set output=NAME to one"))
        return names[0]

    def _run(self, values: Float32[np.ndarray, "..."]) -> Float32[np.ndarray, "..."]:
        given = {self._entry.name: values.astype(TYPES[self._entry.type])}
        asked = self._asked
        try:
            (out,) = self._session.run([asked], given)
        except Exception as error:  # onnxruntime's own exceptions share no public base class
            raise InputError(Problem(self.source, f"fails on {list(values.shape)}: {error}", DOCS)) from None
        if not isinstance(out, np.ndarray) or out.dtype.kind not in "fiu":
            raise InputError(Problem(self.source, f"answers with something else than numbers in '{asked}'", DOCS))
        return out.astype(np.float32)

    def _rows(self, out: Float32[np.ndarray, "..."], count: int) -> Float32[np.ndarray, "T D"]:
        shaped = out[None] if out.ndim == 1 and count == 1 else out
        if shaped.ndim < 2 or len(shaped) != count or any(side != 1 for side in shaped.shape[2:]):
            what = f"answers {list(out.shape)} to {count} faces, expected [{count}, D]"
            raise InputError(Problem(self.source, what, "set output=NAME to another output"))
        return self._classed(shaped.reshape(count, -1))

    def _vector(self, out: Float32[np.ndarray, "..."]) -> Float32[np.ndarray, "D"]:
        inner = out[0] if out.ndim > 1 and len(out) == 1 else out
        flat = inner.reshape(-1) if sum(side != 1 for side in inner.shape) <= 1 else inner
        if flat.ndim > 2:
            what = f"answers {list(out.shape)} to a voice, expected [1, D] or [1, T, D]"
            raise InputError(Problem(self.source, what, "set output=NAME to another output"))
        return self._classed(flat.mean(0) if flat.ndim == 2 else flat)

    def _classed(self, values: Float32[np.ndarray, "*N D"]) -> Float32[np.ndarray, "*N D"]:
        if self.classes and values.shape[-1] != len(self.classes):
            what = f"answers with {values.shape[-1]} numbers, but {len(self.classes)} classes are named"
            raise InputError(Problem(self.source, f"{what}: {', '.join(self.classes)}", "set classes=[...]"))
        return values


def _classes_in(metadata: Mapping[str, str], source: str) -> tuple[str, ...]:
    text = next((metadata[key] for key in CLASS_KEYS if metadata.get(key)), "")
    try:
        told: Any = json.loads(text) if text.lstrip().startswith(("[", "{")) else text.split(",") if text else []
        if isinstance(told, dict):
            told = [told[key] for key in sorted(told, key=int)]
    except ValueError:
        what = f"its metadata names classes as {text[:80]!r}, which is not JSON"
        raise InputError(Problem(source, what, "set classes=[...]")) from None
    return tuple(str(word).strip() for word in told)
