"""The stage `emoprism corpus puppets`: settings in, a folder of videos with everything known about them out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from emoprism.console import say
from emoprism.errors import CorpusError, Problem, did_you_mean
from emoprism.families import CORPORA
from emoprism.puppets.clip import Job, render_all
from emoprism.puppets.emotions import ACTION_UNITS, EMOTIONS
from emoprism.puppets.people import Person, draw_people
from emoprism.puppets.plan import ClipPlan, draw_clips, frequencies
from emoprism.puppets.settings import PuppetSettings
from emoprism.puppets.sheet import contact_sheet
from emoprism.recipe import check_model, with_overrides
from emoprism.stage import Stage, write_bytes, write_text

STAGE = "corpus"
NAME = "puppets"
TABLE = "clips.csv"
FACTORS = "factors.json"
SHEET = "contact_sheet.jpg"
KNOWN = ("gender", "value:valence", "value:arousal", "expression", "emotion_true")
COLUMNS = ("clip", "path", "speaker", "emotion", *KNOWN)


def make(name: str, out: Path, options: list[str], *, workers: int | None, overwrite: bool) -> None:
    """Make the embedded corpus in the directory `out`; resumes where it was stopped.

    `options` are `key=value` settings (PuppetSettings). Raises CorpusError for any other corpus than the embedded one,
    RecipeError for settings that are none, StageError where `out` holds something else.
    """
    _refuse_others(name)
    settings = check_model(PuppetSettings, with_overrides({}, options), f"corpus {name}")
    stage = Stage.begin(
        out,
        STAGE,
        options={"corpus": NAME, **settings.model_dump(exclude={"seed"})},
        inputs={},
        seed=settings.seed,
        libraries=("numpy", "scipy", "opencv-python-headless", "av"),
        overwrite=overwrite,
    )
    if stage.done:
        say(f"{out}: made already with these settings")
        return
    people = draw_people(settings.speakers, settings.seed, settings.style)
    plans = draw_clips(settings, people)
    render_all([Job(settings, people[plan.person], plan, out / _path(plan)) for plan in plans], workers)
    write_text(out / TABLE, _table(people, plans))
    write_text(out / FACTORS, json.dumps(_factors(settings, people, plans), indent=1))
    write_bytes(out / SHEET, contact_sheet(settings, people))
    stage.finish(_facts(people, plans))
    say(f"{out}: {len(plans)} clips of {len(people)} people; look at {SHEET}")


def _refuse_others(name: str) -> None:
    if name == NAME:
        return
    fix = did_you_mean(name, [NAME])
    if name in CORPORA.names():
        fix = f"a real corpus is read where it lies: emoprism prepare {name} FOLDER OUT"
    raise CorpusError(Problem(f"corpus {name}", "emoprism can make one corpus only, 'puppets'", fix))


def _path(plan: ClipPlan) -> str:
    return f"clips/{plan.id}.mp4"


def _table(people: Sequence[Person], plans: Sequence[ClipPlan]) -> str:
    """clips.csv: one row per clip, read as it is by the corpus adapters `puppets` and `manifest`."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for plan in plans:
        person = people[plan.person]
        known = (person.gender, f"{plan.valence:.4f}", f"{plan.arousal:.4f}", plan.expression, plan.emotion_true)
        writer.writerow((plan.id, _path(plan), person.id, plan.emotion, *known))
    return text.getvalue()


def _factors(settings: PuppetSettings, people: Sequence[Person], plans: Sequence[ClipPlan]) -> dict[str, Any]:
    """Everything known: per person the identity, per clip what was drawn for it."""
    shares = frequencies(settings)
    persons = [
        {**asdict(person), "emotions": dict(zip(EMOTIONS, map(float, row), strict=True))}
        for person, row in zip(people, shares, strict=True)
    ]
    clips = [{**asdict(plan), "person": people[plan.person].id, "prosody": plan.prosody._asdict()} for plan in plans]
    return {"action_units": [f"AU{unit}" for unit in ACTION_UNITS], "people": persons, "clips": clips}


def _facts(people: Sequence[Person], plans: Sequence[ClipPlan]) -> dict[str, Any]:
    shown = [plan.emotion for plan in plans]
    return {
        "clips": len(plans),
        "speakers": len(people),
        "emotions": {emotion: shown.count(emotion) for emotion in EMOTIONS},
        "noisy_labels": sum(plan.emotion != plan.emotion_true for plan in plans),
    }
