"""The words everything else is said in: clips, streams, embeddings. Imports neither torch nor any decoder.

Shape vocabulary (jaxtyping), the same in every module::

    B clips in a batch      N clips in a set       T steps of a stream (frames, log-mel vectors, windows)
    D embedding dimensions  C classes of an attribute   H W height and width in pixels
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float32, Int64

FACE: Final = "face"
"""Name of the stream of face crops, uint8 [T, H, W, 3] RGB."""
AUDIO: Final = "audio"
"""Name of the stream of log-mel vectors, float32 [T, 40]."""
MFCC: Final = "mfcc"
"""Name of the stream of mel-frequency cepstral coefficients, float32 [T, 40]."""

EMOTION: Final = "emotion"
SPEAKER: Final = "speaker"
GENDER: Final = "gender"
SENTENCE: Final = "sentence"
"""Name of the label that says which text is spoken, where several clips share it."""
SESSION: Final = "session"
"""Name of the label that says which recording session (and so which conversation partners) a clip is from."""
SOURCE: Final = "source"
"""Name of the label that says which longer recording (a dialogue, a video of a channel) a clip is cut from."""
CORPUS: Final = "corpus"
"""Name of the label that says which corpus a clip is from, where several are joined."""

TRAIN: Final = "train"
VALIDATION: Final = "validation"
"""Clips that select the epoch: of speakers who train, or of strangers (Li et al. 2020)."""
TEST: Final = "test"
"""Held-out clips of speakers that training has seen (the setting of Peri et al. 2021)."""
UNSEEN: Final = "unseen"
"""Clips of speakers that training has never seen."""
SPLITS: Final = (TRAIN, VALIDATION, TEST, UNSEEN)

MISSING: Final = -1
"""Index of a label that a clip does not have."""

YES: Final = "yes"
NO: Final = "no"
"""What a label says that is a question of its own, as whether somebody is happy."""

PRESENCE: Final = "presence"
"""Kind of output: of several things, which are there."""
NUMBER: Final = "number"
"""Kind of output: a number."""


@dataclass(frozen=True, slots=True)
class FeatureSource:
    """A pre-extracted stream of one clip: an array [T, D] or [D] (then T = 1) in a file that somebody else wrote.

    `array` names the array inside an .npz or HDF5 file, the column of lists of a Parquet table, or the video of a
    computational sequence (.csd); `row` picks one row of it where it holds many clips. Of a Parquet table without
    `array` the columns of numbers are features and its rows steps: all of them, those of the row group `row`, or those
    whose column `key[0]` says `key[1]`. `span` is the part of a computational sequence that the clip is, in seconds of
    the video. `length` counts the steps that are real, the first ones; `padded` says that rows of zeros at both ends
    are none. `fill`: values that are no numbers (NaN, infinite) become 0, and are counted; without it they are refused.
    """

    path: Path
    array: str | None = None
    row: int | None = None
    key: tuple[str, str] | None = None
    span: tuple[float, float] | None = None
    length: int | None = None
    padded: bool = False
    fill: bool = False


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip of one person, as a corpus describes it, before anything is decoded.

    `video` is the file whose picture shows the face, `audio` the file whose sound is the voice; they are often
    the same file, and either may be None. `start` and `end` are seconds within those files; `audio_start` is where
    the clip begins in `audio` where that differs (0 for a sound file that was cut to the clip). `labels` are the
    attributes as words ("emotion": "happy", "speaker": "actor03"); a missing label is absent from it. `values` are
    the attributes that are numbers ("sentiment": -1.5, "teacher:happy": 0.7). `split` is one of SPLITS where the
    corpus itself gives one. `origin` says where the clip is declared, for errors. `region` is the part of the picture
    to look at, (x0, y0, x1, y1) as shares of its width and height, as in one half of a split screen. `rejected`
    says why the clip cannot be used, where the corpus itself knows: it is counted and listed, and nothing is decoded.
    """

    id: str
    labels: Mapping[str, str]
    video: Path | None = None
    audio: Path | None = None
    features: Mapping[str, FeatureSource] = field(default_factory=dict[str, FeatureSource])
    start: float | None = None
    end: float | None = None
    split: str | None = None
    origin: str = ""
    values: Mapping[str, float] = field(default_factory=dict[str, float])
    region: tuple[float, float, float, float] | None = None
    rejected: str = ""
    audio_start: float | None = None


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """What one step of a stream looks like: (H, W, 3) for faces, (D,) for feature vectors."""

    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a head says of N clips that does not choose one class, beside what is true.

    Kind PRESENCE: for each of K `words` the probability in [0, 1] that it is there, several may be; `true` is 0 or 1.
    Kind NUMBER: one column, a number (as a sentiment in [-3, 3]); `words` is the attribute's name alone. NaN in `true`
    where nobody has said what is true.
    """

    kind: str
    words: tuple[str, ...]
    true: Float32[np.ndarray, "N W"]
    told: Float32[np.ndarray, "N W"]


@dataclass(frozen=True, slots=True)
class Embeddings:
    """What a model (anybody's) says of N clips: one vector per attribute and clip, beside the true labels.

    `vectors[a]` is float32 [N, D_a]. `labels[b]` are class indices int64 [N] into `classes[b]`, MISSING where
    unknown. `split` is one of SPLITS per clip. `predictions[a]` are the model's own predicted class indices;
    `outputs[a]` what its head says where that is more or other than one class.
    """

    clips: tuple[str, ...]
    split: tuple[str, ...]
    vectors: Mapping[str, Float32[np.ndarray, "N _"]]
    labels: Mapping[str, Int64[np.ndarray, "N"]]
    classes: Mapping[str, tuple[str, ...]]
    predictions: Mapping[str, Int64[np.ndarray, "N"]] = field(default_factory=dict[str, np.ndarray])
    outputs: Mapping[str, Outputs] = field(default_factory=dict[str, Outputs])

    def rows(self, *splits: str) -> Int64[np.ndarray, "M"]:
        """Indices of the clips of these splits, in order."""
        return np.flatnonzero(np.isin(np.asarray(self.split), splits)).astype(np.int64)
