"""A model in the format of the Hugging Face hub: by its name there, or a local directory. Safetensors only."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from jaxtyping import Float32, UInt8

from emoprism.errors import EmoprismError, InputError, MediaError, Problem
from emoprism.pretrained._inputs import LONGEST, SHORTEST, finite, lengths
from emoprism.pretrained.base import VOICE_RATE, Pretrained
from emoprism.types import AUDIO, FACE

if TYPE_CHECKING:
    from collections.abc import Generator

    import torch

NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
WANTED = (CONFIG, PREPROCESSOR, "model*.safetensors", "model.safetensors.index.json")
"""All that is ever asked of the hub: no code, and nothing that could hold any."""
PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".msgpack")
SAFE: Mapping[str, Any] = {"local_files_only": True, "trust_remote_code": False}
TOGETHER = 16
"""Crops given at a time."""
DOCS = "see docs/pretrained.md"
CONVERTED = "a revision with safetensors may exist: set revision=refs/pr/1 or the like, or convert the weights"


class Hub(Pretrained):
    """A model that the package transformers knows; it brings its own preprocessing. No code of a repository is run.

    Faces: an image classifier answers with its logits, any other vision model (and `output=embedding`) with its last
    hidden state, averaged over places. Voices: a model with an x-vector head answers with its embedding, any other
    audio model with its last hidden state, averaged over time. A voice is repeated up to a second, and windows of 30 s
    are averaged.
    """

    libraries = ("transformers", "torch")

    def __init__(
        self,
        source: str,
        *,
        modality: Literal["face", "voice"] = "face",
        revision: str = "",
        output: Literal["auto", "embedding", "logits"] = "auto",
    ) -> None:
        """`revision`: a branch, tag or commit of a model on the hub. `output`: what of an image classifier."""
        super().__init__(source)
        self.modality, self.revision, self.output = modality, revision, output
        if not Path(source).is_dir() and (not NAME.fullmatch(source) or Path(source).exists()):
            fix = "give a directory made by save_pretrained, or a name as owner/model"
            raise InputError(Problem(source, "no such directory, and no name of a model on the hub", fix))
        if Path(source).is_dir() and revision:
            raise InputError(Problem("revision", f"{source} is a directory, which has none", "leave it out"))

    @property
    def takes(self) -> frozenset[str]:
        """Faces, or voices."""
        return frozenset({FACE if self.modality == "face" else AUDIO})

    @property
    def files(self) -> Mapping[str, Path]:
        """Configuration, preprocessing and weights."""
        found = (path for pattern in WANTED for path in sorted(self._directory.glob(pattern)))
        return {path.name: path for path in found}

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of an image classifier, as its configuration names them."""
        if not self._classifies:
            return ()
        try:
            named: dict[str, str] = self._config["id2label"]
            return tuple(str(named[key]) for key in sorted(named, key=int))
        except (KeyError, TypeError, ValueError):
            what = "names no classes (id2label)"
            raise InputError(Problem(str(self._directory / CONFIG), what, "set output=embedding")) from None

    def faces(self, crops: UInt8[np.ndarray, "T S S 3"]) -> Float32[np.ndarray, "T D"]:
        """One vector per crop."""
        if self.modality != "face":
            return super().faces(crops)
        parts: list[np.ndarray] = []
        for first in range(0, len(crops), TOGETHER):
            given = {"images": list(crops[first : first + TOGETHER]), "input_data_format": "channels_last"}
            parts.append(self._answer(given))
        return finite(np.concatenate(parts), self.source)

    def voice(self, samples: Float32[np.ndarray, "N"]) -> Float32[np.ndarray, "D"]:
        """One vector: the mean over windows of 30 s."""
        if self.modality != "voice":
            return super().voice(samples)
        if len(samples) == 0:
            raise MediaError("there is no sound")
        given = ({"raw_speech": part, "sampling_rate": VOICE_RATE} for part in lengths(samples, SHORTEST, LONGEST))
        return finite(np.concatenate([self._answer(one) for one in given]).mean(0), self.source)

    def _answer(self, given: Mapping[str, Any]) -> Float32[np.ndarray, "B D"]:
        import torch

        model, prepare = self._loaded
        with torch.inference_mode(), self._in_words("fails on its input"):
            out = model(**prepare(**given, return_tensors="pt"))
        return _vectors(out, classifies=self._classifies).float().numpy()

    @property
    def _classifies(self) -> bool:
        told = any(name.endswith("ForImageClassification") for name in self._architectures)
        if self.output == "logits" and not told:
            what = f"is {', '.join(self._architectures) or 'of no kind'}, not an image classifier"
            raise InputError(Problem(self.source, what, "leave output=logits out"))
        return self.modality == "face" and told and self.output != "embedding"

    @property
    def _architectures(self) -> list[str]:
        return [str(name) for name in self._config.get("architectures") or []]

    @cached_property
    def _config(self) -> dict[str, Any]:
        path = self._directory / CONFIG
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(Problem(str(path), f"cannot be read: {error}", DOCS)) from None
        if not isinstance(told, dict):
            raise InputError(Problem(str(path), "expected a JSON object", DOCS))
        return cast("dict[str, Any]", told)

    @cached_property
    def _directory(self) -> Path:
        """Where the files are, after what is not there yet was fetched. InputError where they cannot be used."""
        directory = Path(self.source) if Path(self.source).is_dir() else self._fetched()
        present = sorted(path.name for path in directory.iterdir())
        if not any(name.endswith(".safetensors") for name in present):
            pickled = [name for name in present if name.endswith(PICKLED)]
            what = f"holds its weights as {', '.join(pickled)} only, which could run any code" if pickled else ""
            raise InputError(Problem(self.source, what or "holds no weights in *.safetensors", CONVERTED))
        for name in (CONFIG, PREPROCESSOR):
            if name not in present:
                raise InputError(Problem(self.source, f"holds no {name}", "save the model and its preprocessing there"))
        return directory

    def _fetched(self) -> Path:
        """From the hub, or from what was fetched before."""
        with self._in_words("cannot be had from the hub", "check the name and the connection, or give a directory"):
            _quiet()
            from huggingface_hub import snapshot_download

            return Path(snapshot_download(self.source, revision=self.revision or None, allow_patterns=list(WANTED)))

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        """Model and preprocessing. One thread, as the order of a sum decides its last bit."""
        with self._in_words("cannot be loaded", "expected a model of the hub that runs no code of its own"):
            _quiet()
            import torch
            import transformers

            torch.set_num_threads(1)
            kind = self._kind(transformers)
            if self.modality == "face":
                prepare = transformers.AutoImageProcessor.from_pretrained(self._directory, backend="pil", **SAFE)
            else:
                prepare = transformers.AutoFeatureExtractor.from_pretrained(self._directory, **SAFE)
            model, told = kind.from_pretrained(
                self._directory, use_safetensors=True, attn_implementation="eager", dtype=torch.float32,
                output_loading_info=True, **SAFE,
            )  # fmt: skip
        drawn = [name for name in sorted(told["missing_keys"]) if "pooler" not in name]  # poolers are never asked
        if drawn:
            what = f"lacks weights, which would be drawn at random: {', '.join(drawn[:3])}"
            raise InputError(Problem(self.source, what, DOCS))
        return model.eval(), prepare

    def _kind(self, transformers: Any) -> Any:
        if self.modality == "voice" and any(name.endswith("ForXVector") for name in self._architectures):
            return transformers.AutoModelForAudioXVector
        return transformers.AutoModelForImageClassification if self._classifies else transformers.AutoModel

    @contextmanager
    def _in_words(self, what: str, fix: str = DOCS) -> Generator[None]:
        try:
            yield
        except EmoprismError:
            raise
        except ImportError as error:
            missing = f"needs the package {error.name}" if error.name else f"needs more packages: {error}"
            raise InputError(Problem("pretrained model hub", missing, "pip install 'emoprism[hub]'")) from None
        except Exception as error:  # the exceptions of these packages share no base class
            said = " ".join(str(error).split())[:300] or type(error).__name__
            raise InputError(Problem(self.source, f"{what}: {said}", fix)) from None


def _vectors(out: Any, *, classifies: bool) -> torch.Tensor:
    """Logits; else an x-vector; else the mean of the last hidden state over its places or its steps."""
    if classifies:
        return out.logits
    if out.get("embeddings") is not None:
        return out.embeddings
    hidden = out.last_hidden_state
    return hidden.mean(1) if hidden.ndim == 3 else hidden.flatten(2).mean(2)


def _quiet() -> None:
    """What these packages would say on standard error is progress, advice or in an exception."""
    from huggingface_hub.utils import disable_progress_bars
    from transformers.utils import logging

    disable_progress_bars()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
