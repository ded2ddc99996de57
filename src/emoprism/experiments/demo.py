"""The demo: the embedded corpus as real videos, prepared, baselines and methods trained, one page at the end."""

from __future__ import annotations

import shutil
from pathlib import Path

from emoprism.console import say
from emoprism.experiments.suite import load_suite, plan, run_suite
from emoprism.media.prepare import prepare
from emoprism.puppets.corpus import make
from emoprism.recipe import Strict, check_model, find_recipe, read_yaml
from emoprism.stage import replacing


class Demo(Strict):
    """What recipes/demo.yaml says: options of each stage, as key=value."""

    corpus: tuple[str, ...] = ()
    prepare: tuple[str, ...] = ()
    suite: str
    predict_with: str
    """Name of the recipe whose first run the closing hint predicts with."""


def run_demo(out: Path, *, workers: int | None = None) -> None:
    """Videos -> shards -> models -> embeddings -> audit -> report.html. Stopped, the same command goes on."""
    path = find_recipe("demo")
    demo = check_model(Demo, read_yaml(path), str(path))
    make("puppets", out / "puppets", list(demo.corpus), workers=workers, overwrite=False)
    prepare("puppets", out / "puppets", out / "prepared", list(demo.prepare), workers=workers, overwrite=False)
    run_suite(demo.suite, out / "prepared", out, [], workers=workers)
    with replacing(out / "report.html") as temporary:
        shutil.copyfile(out / "report" / "report.html", temporary)
    run = next(item.slug for item in plan(load_suite(demo.suite)) if item.recipe.name == demo.predict_with)
    say(f"\nThe report: {out / 'report.html'}")
    say(f"Any video:  emoprism predict {out / 'runs' / run} some_video.mp4")
