"""A run of emoprism train: the project's own embedding of a face, of a voice, or of both together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32, Shaped, UInt8

from emoprism.embeddings import RECIPE
from emoprism.errors import InputError, MediaError, Problem, did_you_mean
from emoprism.media.audio import log_mel
from emoprism.media.options import PrepareOptions, find_acoustics
from emoprism.pretrained._inputs import finite, resized
from emoprism.pretrained.base import Pretrained
from emoprism.types import AUDIO, FACE, SPEAKER

if TYPE_CHECKING:
    from emoprism.deploy.trained import Trained

TOGETHER = 64
"""Crops embedded at a time."""


class Run(Pretrained):
    """`source` is a run directory. What a clip lacks counts as missing, as it does for the run's own clips.

    Faces and voices alone lie in one space with `clip`, which sees all streams together, but models that were only
    trained on both at once need not put them at one place: compare like with like.
    """

    libraries = ("torch",)

    def __init__(self, source: str, *, attribute: str = SPEAKER) -> None:
        """`attribute`: whose embedding, of those that the run has."""
        super().__init__(source)
        self.attribute = attribute

    @property
    def takes(self) -> frozenset[str]:
        """Faces if the run has that stream, voices if it has one that is made of sound."""
        return frozenset({FACE} & set(self._trained.model.streams)) | frozenset({AUDIO} if self.heard else ())

    @property
    def heard(self) -> tuple[str, ...]:
        """Names of the run's streams that are made of sound: log-mels, and acoustic features as they were prepared."""
        made = {AUDIO, *(name for kind in find_acoustics(self._prepare) for name in kind.names())}
        return tuple(name for name in self._trained.model.streams if name in made)

    @property
    def files(self) -> Mapping[str, Path]:
        """Weights, recipe and classes."""
        from emoprism.training.run import RUN, WEIGHTS

        return {name: Path(self.source) / name for name in (WEIGHTS, RECIPE, RUN)}

    def faces(self, crops: UInt8[np.ndarray, "T S S 3"]) -> Float32[np.ndarray, "T D"]:
        """The embedding of each crop, as of a clip of that one picture without sound."""
        if FACE not in self.takes:
            return super().faces(crops)
        sized = self._sized(crops)
        parts = [self._embed({FACE: sized[n : n + TOGETHER, None]}) for n in range(0, len(sized), TOGETHER)]
        return np.concatenate(parts)

    def voice(self, samples: Float32[np.ndarray, "N"]) -> Float32[np.ndarray, "D"]:
        """The embedding of the sound, as of a clip without a face."""
        if AUDIO not in self.takes:
            return super().voice(samples)
        streams: dict[str, np.ndarray] = {AUDIO: log_mel(samples)}
        for kind in find_acoustics(self._prepare):
            made = kind.streams(samples, frozenset(self.heard))
            streams |= {name: vectors.values for name, vectors in made.items()}
        return self.clip(streams)

    def clip(self, streams: Mapping[str, Shaped[np.ndarray, "T ..."]]) -> Float32[np.ndarray, "D"]:
        """The embedding of a whole clip: streams as `PreparedCorpus.read` gives them, any of them missing or empty.

        Raises MediaError where the clip has none of the run's streams.
        """
        known = {
            name: values for name, values in streams.items() if name in self._trained.model.streams and len(values)
        }
        if not known:
            raise MediaError(f"the clip has no {' and no '.join(self._trained.model.streams)}")
        return self._embed({n: (self._sized(v) if n == FACE else v)[None] for n, v in known.items()})[0]

    def _sized(self, crops: UInt8[np.ndarray, "T S S 3"]) -> UInt8[np.ndarray, "T s s 3"]:
        side = self._trained.model.image_size or self._trained.model.streams[FACE].shape[0]
        return resized(crops, side, side)

    def _embed(self, streams: Mapping[str, Shaped[np.ndarray, "B T ..."]]) -> Float32[np.ndarray, "B D"]:
        """Embeddings of clips of equal length; a stream of the run that is not given is missing in all of them."""
        import torch

        from emoprism.models.base import Stream
        from emoprism.training.dataset import exact_steps

        model, exact = self._trained.model, self._trained.recipe.data.exact_steps
        rows = len(next(iter(streams.values())))
        batch: dict[str, Stream] = {}
        for name, spec in model.streams.items():
            blank = np.zeros((rows, 1, *spec.shape), dtype=np.uint8 if name == FACE else np.float32)
            if name == FACE and model.image_size is not None:
                blank = np.zeros((rows, 1, model.image_size, model.image_size, 3), dtype=np.uint8)
            values = exact_steps(streams.get(name, blank).swapaxes(0, 1), exact.get(name)).swapaxes(0, 1)
            mask = torch.full(values.shape[:2], fill_value=name in streams)
            batch[name] = Stream(torch.from_numpy(np.ascontiguousarray(values)), mask)
        with torch.inference_mode():
            return finite(model.embed(batch)[self.attribute].float().numpy(), self.source)

    @cached_property
    def _prepare(self) -> PrepareOptions:
        told = self._trained.prepare
        return PrepareOptions.of_manifest(told) if "media" in told else PrepareOptions()

    @cached_property
    def _trained(self) -> Trained:
        from emoprism.deploy.trained import Trained

        trained = Trained.open(Path(self.source))
        known = trained.model.attributes
        if self.attribute not in known:
            what = f"has no embedding of '{self.attribute}'"
            raise InputError(Problem(self.source, what, did_you_mean(self.attribute, known)))
        return trained
