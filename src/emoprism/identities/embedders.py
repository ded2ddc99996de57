"""Faces and voices as vectors: by a run of ours from what is prepared, by other models from crops and waveforms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float64, UInt8

from emoprism.errors import CorpusError, MediaError, Problem, RecipeError
from emoprism.families import PRETRAINED
from emoprism.identities.options import IdentifyOptions, Kind, Source
from emoprism.identities.scale import unit_length
from emoprism.identities.sound import Waveforms
from emoprism.media.shards import PreparedClip, PreparedCorpus
from emoprism.pretrained.base import Pretrained
from emoprism.pretrained.run import Run
from emoprism.types import AUDIO, FACE

OUTLIER = 3.0
"""Crops are dropped whose cosine with the mean is so many robust standard deviations below the median."""
MAD_TO_SIGMA = 1.4826
STREAM_OF: Mapping[Kind, str] = {"face": FACE, "voice": AUDIO}


class Voices(ABC):
    """How a voice becomes a vector."""

    @abstractmethod
    def of_clip(self, corpus: PreparedCorpus, clip: PreparedClip) -> Float64[np.ndarray, "D"]:
        """The voice of a prepared clip that has sound."""

    @abstractmethod
    def of_sound(self, samples: np.ndarray) -> Float64[np.ndarray, "D"]:
        """The voice in a waveform, mono at 16 kHz. Raises MediaError where the model cannot tell."""


class RunVoices(Voices):
    """A run of our own: it hears log-mels or other acoustic features, which are prepared already."""

    def __init__(self, model: Run) -> None:
        self.model = model

    def of_clip(self, corpus: PreparedCorpus, clip: PreparedClip) -> Float64[np.ndarray, "D"]:
        """See Voices. Raises CorpusError where the clips were prepared without what the run hears."""
        missing = [name for name in self.model.heard if name not in corpus.streams]
        if missing:
            what = f"has no stream {' and no '.join(map(repr, missing))}, which {self.model.source} hears"
            raise CorpusError(Problem(str(corpus.directory), what, "prepare it as the run's corpus, acoustics=[...]"))
        return self.model.clip({name: corpus.read(clip, name) for name in self.model.heard}).astype(np.float64)

    def of_sound(self, samples: np.ndarray) -> Float64[np.ndarray, "D"]:
        """See Voices."""
        return self.model.voice(samples).astype(np.float64)


class OtherVoices(Voices):
    """Any other model: the waveform is decoded from the corpus's own files."""

    def __init__(self, model: Pretrained) -> None:
        self.model = model
        self.waveforms: Waveforms | None = None

    def of_clip(self, corpus: PreparedCorpus, clip: PreparedClip) -> Float64[np.ndarray, "D"]:
        """See Voices. Raises CorpusError where the corpus's files are gone."""
        if self.waveforms is None or self.waveforms.corpus.directory != corpus.directory:
            self.waveforms = Waveforms(corpus)
        samples = self.waveforms.read(clip)
        try:
            return self.of_sound(samples)
        except MediaError as error:
            raise CorpusError(Problem(f"{corpus.directory}, clip '{clip.id}': its voice", error.reason)) from None

    def of_sound(self, samples: np.ndarray) -> Float64[np.ndarray, "D"]:
        """See Voices."""
        if not len(samples):
            raise MediaError("there is no sound in it")
        return self.model.voice(samples).astype(np.float64)


@dataclass(frozen=True)
class Embedders:
    """The models that were named. `runs` gives the run directory of a kind, where it is one of our own."""

    face: Pretrained | None
    voice: Voices | None
    files: Mapping[str, Path]
    runs: Mapping[Kind, Path]

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What can be compared."""
        return (*(("face",) if self.face else ()), *(("voice",) if self.voice else ()))

    def only(self, kinds: Sequence[Kind]) -> Embedders:
        """Those of some kinds alone."""
        face = self.face if "face" in kinds else None
        return replace(self, face=face, voice=self.voice if "voice" in kinds else None)

    @classmethod
    def open(cls, options: IdentifyOptions) -> Embedders:
        """Raises RecipeError where a model does not take what it is named for, InputError where it cannot be read."""
        own: dict[Kind, Run] = {}
        for directory in options.run:
            run = Run(str(directory), attribute=options.attribute)
            for kind, stream in STREAM_OF.items():
                if stream in run.takes:
                    own.setdefault(kind, run)
        face = own.get("face") if options.face is None else _other(options.face, "face")
        voice = _voices(own, options)
        files: dict[str, Path] = {}
        for kind, model in (("face", face), ("voice", voice.model if voice else None)):
            files |= {f"{kind}:{name}": path for name, path in (model.files if model else {}).items()}
        others = {"face": options.face, "voice": options.voice}
        runs = {kind: Path(run.source) for kind, run in own.items() if others[kind] is None}
        if face is None and voice is None:
            fix = "train one with data.streams=[face,audio], or name another model as face.name= and face.source="
            raise RecipeError(Problem("run", "reads neither faces nor sound", fix))
        return cls(face, voice, files, runs)

    def track(self, crops: UInt8[np.ndarray, "T S S 3"]) -> Float64[np.ndarray, "D"]:
        """One vector for the crops of one track. Raises MediaError where the model cannot tell."""
        assert self.face is not None
        return mean_face(self.face.faces(crops).astype(np.float64))


def _voices(own: Mapping[Kind, Run], options: IdentifyOptions) -> RunVoices | OtherVoices | None:
    if options.voice is not None:
        return OtherVoices(_other(options.voice, "voice"))
    return RunVoices(own["voice"]) if "voice" in own else None


def _other(source: Source, kind: Kind) -> Pretrained:
    # A kind of model that takes either is told which by its option `modality`: the one it is named for here.
    either = "modality" in PRETRAINED.options(source.name).model_fields
    options = {**({"modality": kind} if either else {}), **source.options}
    model: Pretrained = PRETRAINED.make(source.name, source.source, options=options)
    if STREAM_OF[kind] not in model.takes:
        taken = " and ".join(sorted(kind for kind, stream in STREAM_OF.items() if stream in model.takes)) or "nothing"
        where = f"{kind}.source: {source.source}"
        raise RecipeError(Problem(where, f"the model takes {taken}", f"name one for {kind}s"))
    return model


def mean_face(vectors: Float64[np.ndarray, "T D"]) -> Float64[np.ndarray, "D"]:
    """Mean of the crops' vectors, each of length 1, without outliers: a turned head, or a face that is none.

    An outlier's cosine with the mean is below the median by more than 3 robust standard deviations (1.4826 times the
    median absolute deviation; Rousseeuw & Croux 1993). Half of the crops always stay.
    """
    unit = unit_length(vectors)
    likeness = unit @ unit_length(unit.mean(0)[None])[0]
    middle = np.median(likeness)
    spread = MAD_TO_SIGMA * np.median(np.abs(likeness - middle))
    kept = likeness >= middle - OUTLIER * spread - 1e-9
    return unit[kept].mean(0)
