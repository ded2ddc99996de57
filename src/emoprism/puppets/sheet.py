"""The contact sheet: every person with every expression, posed in the same studio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import UInt8

from emoprism.puppets.draw import Painter
from emoprism.puppets.emotions import EXPRESSIONS
from emoprism.puppets.people import Person
from emoprism.puppets.performance import Performance, rotations
from emoprism.puppets.plan import action_units, draw_scene
from emoprism.puppets.rig import CHANNELS
from emoprism.puppets.settings import PuppetSettings

CELL = 128
"""Height and width of one picture."""
HEADER = 28
MARGIN = 92
MOST_PEOPLE = 24
INTENSITY = 0.9
INK = (30, 30, 30)
Image = UInt8[np.ndarray, "H W 3"]


def contact_sheet(settings: PuppetSettings, people: Sequence[Person]) -> bytes:
    """A JPEG: one row per person (at most the first 24), one column per expression, at the apex of a strong one."""
    shown = people[:MOST_PEOPLE]
    sheet = np.full((HEADER + CELL * len(shown), MARGIN + CELL * len(EXPRESSIONS), 3), 255, np.uint8)
    for column, name in enumerate(EXPRESSIONS):
        emotion = EXPRESSIONS[name].emotion
        title = name if name == emotion else f"{emotion} ({name})"
        _write(sheet, title, MARGIN + CELL * column + 4, 19)
    for row, person in enumerate(shown):
        top = HEADER + CELL * row
        _write(sheet, person.id, 6, top + CELL // 2 - 6)
        _write(sheet, person.gender, 6, top + CELL // 2 + 12)
        for column, name in enumerate(EXPRESSIONS):
            left = MARGIN + CELL * column
            sheet[top : top + CELL, left : left + CELL] = _pose(settings, person, name)
    written, data = cv2.imencode(".jpg", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90])
    assert written, "OpenCV always has a JPEG encoder"
    return data.tobytes()


def _pose(settings: PuppetSettings, person: Person, expression: str) -> Image:
    studio = settings.model_copy(update={"nuisance": 0.0, "motion": 0.0})
    rng = np.random.default_rng([settings.seed, 6])
    scene = replace(draw_scene(rng, studio), scale=0.37, centre=(0.5, 0.51))
    painter = Painter(person, scene, 2 * CELL, rng)
    channels = np.zeros((1, len(CHANNELS)))
    units = action_units(person, expression, INTENSITY * settings.expressiveness)
    channels[0, : len(units)] = units
    posed = Performance(channels, rotations(np.zeros((1, 3))), np.array([scene.centre]))
    picture = next(painter.pictures(posed))
    return cv2.resize(picture, (CELL, CELL), interpolation=cv2.INTER_AREA)


def _write(sheet: Image, text: str, x: int, y: int) -> None:
    cv2.putText(sheet, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.42, INK, 1, cv2.LINE_AA)
