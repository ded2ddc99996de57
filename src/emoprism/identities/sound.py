"""The waveforms of prepared clips, decoded anew from the corpus's own files: shards keep log-mels only."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from emoprism.errors import CorpusError, InputError, MediaError, Problem
from emoprism.families import CORPORA
from emoprism.media.decode import Medium, Wanted
from emoprism.media.options import PrepareOptions
from emoprism.media.shards import STAGE, PreparedClip, PreparedCorpus
from emoprism.media.sound import Samples, Waveform
from emoprism.stage import read_manifest
from emoprism.types import Clip

ADVICE = "put it back, or use a run of emoprism train, which hears the prepared log-mels"


class Waveforms:
    """Finds prepared clips again, by the corpus adapter that the manifest beside their shard names."""

    def __init__(self, corpus: PreparedCorpus) -> None:
        self.corpus = corpus
        self._homes: dict[Path, Home] = {}

    def read(self, clip: PreparedClip) -> Float32[np.ndarray, "N"]:
        """Mono sound of a clip at 16 kHz, as much as was prepared of it; N = 0 where there is none.

        Raises CorpusError where the corpus, the clip or its file is gone.
        """
        directory = (self.corpus.directory / clip.shard).parent
        if directory not in self._homes:
            self._homes[directory] = Home.find(directory)
        home = self._homes[directory]
        found = home.clips.get(clip.key_in_shard)
        if found is None:
            what = f"no longer holds the clip '{clip.key_in_shard}'"
            raise CorpusError(Problem(str(home.folder), what, f"prepare again: {directory} is of other files"))
        if found.audio is None:
            return np.zeros(0, dtype=np.float32)
        if not found.audio.is_file():
            raise CorpusError(Problem(str(found.audio), f"is gone; the voice of clip '{clip.id}' is in it", ADVICE))
        try:
            return waveform(found, home.options)
        except MediaError as error:
            raise CorpusError(Problem(f"{found.audio}, clip '{clip.id}'", error.reason, "prepare again")) from None


@dataclass(frozen=True)
class Home:
    """The corpus that a prepared directory was made of: its folder, its clips, and how they were prepared."""

    folder: Path
    clips: Mapping[str, Clip]
    options: PrepareOptions

    @classmethod
    def find(cls, directory: Path) -> Home:
        """Raises CorpusError where the corpus is gone or is not what it was."""
        manifest = read_manifest(directory, STAGE)
        options = manifest.options
        while "prepared" in manifest.inputs:  # relabelled clips are those of another prepared directory
            directory = directory / manifest.inputs["prepared"].path
            manifest = read_manifest(directory, STAGE)
        reference = manifest.inputs.get("corpus")
        if reference is None or "corpus" not in options:
            raise CorpusError(Problem(str(directory), "its manifest names no corpus folder", ADVICE))
        folder = (directory / reference.path).resolve()
        if not folder.exists():
            raise CorpusError(Problem(str(folder), f"is gone; the sound of {directory} is decoded from it", ADVICE))
        named = dict(options["corpus"])
        try:
            clips = CORPORA.make(named.pop("name"), folder, options=named).clips()
        except InputError as error:
            what = f"the clips of {directory} cannot be found again"
            raise CorpusError([Problem(str(folder), what), *error.problems]) from None
        return cls(folder, {clip.id: clip for clip in clips}, PrepareOptions.of_manifest(options))


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
