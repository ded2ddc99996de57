"""The waveforms of prepared clips, decoded anew from the corpus's own files: shards keep log-mels only."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from emoprism.errors import CorpusError, InputError, MediaError, Problem
from emoprism.media.decode import Medium, Wanted
from emoprism.media.options import PrepareOptions
from emoprism.media.shards import PreparedCorpus
from emoprism.media.sound import Samples, Waveform
from emoprism.recipe import CORPORA
from emoprism.types import Clip


class Waveforms:
    """Finds the clips of a prepared directory again, by the corpus adapter that its manifest names."""

    def __init__(self, corpus: PreparedCorpus) -> None:
        self.corpus = corpus

    def read(self, clip: str) -> Float32[np.ndarray, "N"]:
        """Mono sound of a clip at 16 kHz, as much as was prepared of it; N = 0 where there is none.

        Raises CorpusError where the corpus, the clip or its file is gone.
        """
        found = self._clips.get(clip)
        if found is None:
            what = f"no longer holds the clip '{clip}'"
            raise CorpusError(
                Problem(str(self.folder), what, f"prepare again: {self.corpus.directory} is of other files")
            )
        if found.audio is None:
            return np.zeros(0, dtype=np.float32)
        if not found.audio.is_file():
            fix = "put it back where it was, or use a run of emoprism train, which hears the prepared log-mels"
            raise CorpusError(Problem(str(found.audio), f"gone; the voice of clip '{clip}' is in it", fix))
        try:
            return waveform(found, self._options)
        except MediaError as error:
            raise CorpusError(Problem(f"{found.audio}, clip '{clip}'", error.reason, "prepare again")) from None

    @property
    def folder(self) -> Path:
        """Where the corpus lay when it was prepared."""
        reference = self.corpus.manifest.inputs.get("corpus")
        if reference is None:
            fix = "prepare it with emoprism prepare, or use a run of emoprism train, which hears the prepared log-mels"
            raise CorpusError(Problem(str(self.corpus.directory), "its manifest names no corpus folder", fix))
        return (self.corpus.directory / reference.path).resolve()

    @cached_property
    def _options(self) -> PrepareOptions:
        return PrepareOptions.of_manifest(self.corpus.manifest.options)

    @cached_property
    def _clips(self) -> Mapping[str, Clip]:
        folder = self.folder
        if not folder.exists():
            what = f"is gone; the sound of the clips in {self.corpus.directory} is decoded from it"
            fix = "put it back, or use a run of emoprism train, which hears the prepared log-mels"
            raise CorpusError(Problem(str(folder), what, fix))
        options = dict(self.corpus.manifest.options["corpus"])
        try:
            clips = CORPORA.make(options.pop("name"), folder, options=options).clips()
        except InputError as error:
            what = f"the clips of {self.corpus.directory} cannot be found again"
            raise CorpusError([Problem(str(folder), what), *error.problems]) from None
        return {clip.id: clip for clip in clips}


def waveform(clip: Clip, options: PrepareOptions) -> Float32[np.ndarray, "N"]:
    """The sound of a clip as `prepare` hears it, mono at 16 kHz. Raises MediaError where it cannot be decoded."""
    assert clip.audio is not None
    start = (clip.start or 0.0) if clip.audio_start is None else clip.audio_start
    whole = float("inf") if clip.end is None else clip.end - (clip.start or 0.0)
    length = min(whole, options.seconds)
    sound = Waveform(length)
    with Medium(clip.audio, time.monotonic() + options.timeout) as medium:
        for item in medium.play(Wanted(start, start + length, None, sound=True)):
            if isinstance(item, Samples):
                sound.add(item)
    return sound.join()[1]
