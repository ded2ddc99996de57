"""The train stage: a recipe and a prepared corpus in, a run directory out.

A run directory holds `model.safetensors` (the selected epoch), `recipe.yaml`, `run.json` (classes, streams and
preparation, all that inference needs), `split.csv`, `split_audit.json`, `history.json` and `tensorboard/`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist

from emoprism.console import say, track
from emoprism.disentangle.base import Disentangler
from emoprism.embeddings import HISTORY, RECIPE, SPLIT_AUDIT
from emoprism.errors import Problem, RecipeError
from emoprism.families import DISENTANGLERS, MODELS, SPLITTERS
from emoprism.leakage.results import Epoch
from emoprism.models.base import Model
from emoprism.models.ranks import rank, world_size
from emoprism.models.tasks.base import Task
from emoprism.recipe import Recipe
from emoprism.splits.base import Splitter
from emoprism.stage import Stage, write_text
from emoprism.training.checkpoint import load_game, load_tensors, save_game, save_tensors
from emoprism.training.dataset import Batches, Store, label_clips, open_prepared, stream_specs
from emoprism.training.evaluation import Scores, score_epoch
from emoprism.training.game import Game
from emoprism.training.selection import Candidate, alive, select
from emoprism.training.split_audit import audit_run, read_audit, write_audit
from emoprism.types import SPLITS, StreamSpec

if TYPE_CHECKING:
    from torch.utils.tensorboard.writer import SummaryWriter

CHECKPOINT = "checkpoint.safetensors"
WEIGHTS = "model.safetensors"
RUN = "run.json"
PRECISIONS: Mapping[str, torch.dtype | None] = {"float32": None, "bfloat16": torch.bfloat16}


def train(recipe: Recipe, prepared: Path, out: Path, *, overwrite: bool = False) -> None:
    """Train a recipe, or go on where it stopped: weights are those of an uninterrupted run, to the bit.

    Under torchrun the processes train one model together; the first of them writes.
    """
    with process_group():
        stage = _begin(recipe, prepared, out, overwrite=overwrite)
        if stage.done:
            say(f"{out}: done already")
            return
        Run(recipe, prepared, stage).train()


def _begin(recipe: Recipe, prepared: Path, out: Path, *, overwrite: bool) -> Stage:
    splitter: Splitter = SPLITTERS.make(recipe.data.split.name, options=recipe.data.split.options)

    def begin(*, overwrite: bool) -> Stage:
        return Stage.begin(
            out, "train", options=recipe.model_dump(mode="json", exclude={"seed"}),
            inputs={"prepared": prepared, **splitter.files}, seed=recipe.seed, libraries=("numpy", "torch"),
            overwrite=overwrite,
        )  # fmt: skip

    stage = begin(overwrite=overwrite) if rank() == 0 else None
    _wait()
    return begin(overwrite=False) if stage is None else stage


def build(recipe: Recipe, streams: Mapping[str, StreamSpec], tasks: Mapping[str, Task]) -> tuple[Model, Disentangler]:
    """Model and method of a recipe, weights drawn from its seed. RecipeError with the reason where they clash."""
    torch.manual_seed(recipe.seed)
    try:
        model = MODELS.make(recipe.model.name, streams, tasks, options=recipe.model.options)
        method = DISENTANGLERS.make(recipe.method.name, model.dimensions, tasks, options=recipe.method.options)
    except ValueError as error:
        raise RecipeError(Problem(recipe.name, str(error))) from None
    return model, method


@dataclass
class Progress:
    """What has happened so far, as a checkpoint keeps it."""

    history: list[Epoch]
    candidates: list[Candidate]

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Progress:
        """Read back from a checkpoint's facts."""
        return cls([Epoch(**e) for e in facts["history"]], [Candidate(**c) for c in facts["candidates"]])

    def facts(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "history": [epoch.model_dump() for epoch in self.history],
            "candidates": [asdict(candidate) for candidate in self.candidates],
        }


class Run:
    """One training run."""

    def __init__(self, recipe: Recipe, prepared: Path, stage: Stage) -> None:
        # Without it CUDA's matrix products are not reproducible; torch asks for it by name.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.set_num_threads(recipe.training.threads)
        torch.use_deterministic_algorithms(mode=True)
        self.recipe, self.stage, self.out = recipe, stage, stage.directory
        self.corpus = open_prepared(prepared)
        self.labelled = label_clips(self.corpus, recipe.data, recipe.seed)
        self.specs = stream_specs(self.corpus, recipe.data)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model, self.method = build(recipe, self.specs, self.labelled.tasks)
        self.model.to(self.device)
        self.method.to(self.device)
        self.store = Store(self.corpus, recipe.data, self.model.image_size)
        self.game = Game(
            self.model, self.method, recipe.players,
            epochs=recipe.training.epochs, autocast=PRECISIONS[recipe.training.precision],
        )  # fmt: skip
        self.progress = Progress([], [])
        self._writer: SummaryWriter | None = None

    def train(self) -> None:
        """All epochs that are not done yet, then the selected weights."""
        training = self.recipe.training
        self._resume()
        if rank() == 0:
            self._audit_split()
        batches = Batches(self.labelled, self.store, self.recipe.data, training.batch_size, self.recipe.seed)
        first = len(self.progress.history)
        epochs = range(first, training.epochs)
        shown = track(epochs, self.recipe.label, training.epochs, done=first) if rank() == 0 else epochs
        for epoch in shown:
            losses, rates = self._train_epoch(batches, epoch)
            last = epoch == training.epochs - 1
            if rank() == 0:
                scored = last or (epoch + 1) % training.selection.every == 0
                self._after_epoch(epoch, losses, rates, scored=scored)
                if last or (epoch + 1) % training.checkpoint_every == 0:
                    self._checkpoint()
            _wait()
        if rank() == 0:
            self._finish()
        _wait()

    def _audit_split(self) -> None:
        """Before the first epoch: a faulty split is known before time is spent on it."""
        path = self.out / SPLIT_AUDIT
        if not path.is_file():
            sides = {clip.id: side for clip, side in zip(self.labelled.clips, self.labelled.split, strict=True)}
            write_audit(self.out, audit_run(self.corpus, self.recipe, sides)[0])
        found = read_audit(path)
        if found.grade == "faulty":
            say(f"warning: the split of this run. {found.verdict} See {path}")

    def _resume(self) -> None:
        checkpoint = self.out / CHECKPOINT
        if checkpoint.is_file():
            self.progress = Progress.of(load_game(checkpoint, self.game))

    def _checkpoint(self) -> None:
        """The new state first, then the removal of candidates it no longer names: killed between, nothing lacks."""
        save_game(self.out / CHECKPOINT, self.game, self.progress.facts())
        named = {self._candidate_path(candidate) for candidate in self.progress.candidates}
        for path in set((self.out / "candidates").glob("*.safetensors")) - named:
            path.unlink()

    def _train_epoch(self, batches: Batches, epoch: int) -> tuple[dict[str, float], dict[str, float]]:
        torch.manual_seed((self.recipe.seed << 20) + epoch)
        self.model.train()
        self.method.train()
        rates = self.game.begin_epoch(epoch)
        sums: dict[str, float] = {}
        for batch in batches.epoch(epoch, self.device):
            for name, value in self.game.step(batch).items():
                sums[name] = sums.get(name, 0.0) + value
        return {name: value / batches.count for name, value in sums.items()}, rates

    def _after_epoch(self, epoch: int, losses: dict[str, float], rates: dict[str, float], *, scored: bool) -> None:
        scores = Scores({}, 0.0, 0.0)
        if scored:
            scores = score_epoch(self.model, self.method, self.labelled, self.store, self.recipe.seed)
            self._keep_candidate(Candidate(epoch, scores.utility, scores.combined))
        record = Epoch(epoch=epoch, losses=losses, scores=scores.by_name, learning_rates=rates)
        self.progress.history.append(record)
        self._log(record)

    def _log(self, record: Epoch) -> None:
        if self._writer is None:
            from torch.utils.tensorboard.writer import SummaryWriter

            self._writer = SummaryWriter(str(self.out / "tensorboard"), purge_step=record.epoch)
        for group, values in (("loss", record.losses), ("score", record.scores), ("rate", record.learning_rates)):
            for name, value in values.items():
                self._writer.add_scalar(f"{group}/{name}", value, record.epoch)
        self._writer.flush()

    def _keep_candidate(self, candidate: Candidate) -> None:
        save_tensors(self._candidate_path(candidate), self.model.state_dict(), {"epoch": candidate.epoch})
        every = [*self.progress.candidates, candidate]
        self.progress.candidates = alive(every, self.recipe.training.selection.tolerance)

    def _candidate_path(self, candidate: Candidate) -> Path:
        return self.out / "candidates" / f"epoch-{candidate.epoch:04d}.safetensors"

    def _finish(self) -> None:
        if self._writer is not None:
            self._writer.close()
        kept = select(self.progress.candidates, self.recipe.training.selection.tolerance)
        tensors, _ = load_tensors(self._candidate_path(kept))
        save_tensors(self.out / WEIGHTS, tensors, {"epoch": kept.epoch})
        history = [e.model_copy(update={"kept": e.epoch == kept.epoch}).model_dump() for e in self.progress.history]
        write_text(self.out / HISTORY, json.dumps(history, indent=1))
        write_text(self.out / RECIPE, self.recipe.dump())
        write_text(self.out / "split.csv", self.labelled.split_csv())
        write_text(self.out / RUN, json.dumps(self._inference_facts(), indent=1, ensure_ascii=False))
        self.stage.finish(self._facts(kept))
        (self.out / CHECKPOINT).unlink(missing_ok=True)
        shutil.rmtree(self.out / "candidates", ignore_errors=True)

    def _inference_facts(self) -> dict[str, Any]:
        counts = self.labelled.trained
        return {
            "classes": {name: words[: counts[name]] for name, words in self.labelled.classes.items()},
            "streams": {name: list(spec.shape) for name, spec in self.specs.items()},
            "prepare": self.corpus.manifest.options,
        }

    def _facts(self, kept: Candidate) -> dict[str, Any]:
        return {
            "kept_epoch": kept.epoch,
            "parameters": sum(p.numel() for p in self.model.parameters()),
            "clips": {side: self.labelled.split.count(side) for side in SPLITS if side in self.labelled.split},
            "left_out": len(self.labelled.left_out),
            "device": self.device.type,
            "processes": world_size(),
        }


@contextmanager
def process_group() -> Generator[None]:
    """Join the processes that torchrun started, if any."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or dist.is_initialized():
        yield
        return
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()


def _wait() -> None:
    if world_size() > 1:
        dist.barrier()
