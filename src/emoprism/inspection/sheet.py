"""The contact sheet: faces by speaker and label, drawn by the seed, for the page and as one picture."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, UInt8

from emoprism import console
from emoprism.inspection.attributes import Attribute
from emoprism.inspection.options import InspectOptions
from emoprism.inspection.samples import drawn
from emoprism.inspection.words import counted, shown
from emoprism.media.shards import PreparedClip, PreparedCorpus
from emoprism.types import FACE, MISSING

QUALITY = 82
GUTTER, HEADER, MARGIN = 4, 24, 132
"""Pixels of the picture: between cells, above them for labels, left of them for speakers."""
LETTERS = 7.2
"""Pixels a letter, for cutting labels to their room."""
ALONE = 4
"""Times the faces of a cell where the sheet has no rows or no columns."""


@dataclass(frozen=True, slots=True)
class SheetCell:
    """Faces side by side as one JPEG (None: no clip with a face), each of another one of `clips` clips."""

    jpeg: bytes | None
    faces: int
    clips: int

    @property
    def source(self) -> str:
        """For an <img>."""
        return "" if self.jpeg is None else "data:image/jpeg;base64," + base64.b64encode(self.jpeg).decode()


@dataclass(frozen=True, slots=True)
class Sheet:
    """`cells[row][column]`; `left_out` says in words what is not shown; `picture` is the whole as a JPEG file."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[SheetCell, ...], ...]
    crop: int
    left_out: tuple[str, ...]
    picture: bytes

    @property
    def heads(self) -> tuple[str, ...]:
        """The columns' labels, cut to a readable length."""
        return tuple(map(shown, self.columns))

    @property
    def lines(self) -> list[tuple[str, tuple[SheetCell, ...]]]:
        """Rows with their headings, cut to a readable length."""
        return list(zip(map(shown, self.rows), self.cells, strict=True))

    @property
    def faces(self) -> int:
        """Faces shown."""
        return sum(cell.faces for row in self.cells for cell in row)


def contact_sheet(corpus: PreparedCorpus, attributes: Mapping[str, Attribute], options: InspectOptions) -> Sheet | None:
    """Draw it; None where no clip has a face. CorpusError where a shard cannot be read."""
    has_face = np.array([bool(clip.steps.get(FACE)) for clip in corpus.clips], dtype=np.bool_)
    if not has_face.any():
        return None
    generator = np.random.default_rng([options.seed, 2])
    down, across = attributes.get(options.secondary), attributes.get(options.primary)
    rows, columns = _rows(down, has_face, options, generator), _columns(across, has_face, options)
    each = options.sheet_each * (1 if rows and columns else ALONE)
    places = [(row, column) for row in rows or [None] for column in columns or [None]]
    grid: dict[tuple[int | None, int | None], tuple[list[Crop], int]] = {}
    for row, column in console.track(places, "draw faces", len(places)):
        inside = has_face & _is(down, row) & _is(across, column)
        grid[row, column] = _faces(corpus, np.flatnonzero(inside), each, options.sheet_crop, generator)
    titles = _titles(down, rows), _titles(across, columns)
    crops = [[grid[row, column] for column in columns or [None]] for row in rows or [None]]
    return Sheet(
        *titles,
        tuple(tuple(_cell(faces, clips) for faces, clips in line) for line in crops),
        options.sheet_crop,
        tuple(_left_out(down, rows, has_face) + _left_out(across, columns, has_face)),
        picture(titles, [[faces for faces, _ in line] for line in crops], each, options.sheet_crop),
    )


Crop = UInt8[np.ndarray, "S S 3"]


def _with_face(attribute: Attribute, has_face: np.ndarray) -> Int64[np.ndarray, "C"]:
    """Clips of each class that have a face."""
    codes = attribute.codes[has_face & (attribute.codes != MISSING)]
    return np.bincount(codes, minlength=len(attribute.classes)).astype(np.int64)


def _rows(
    down: Attribute | None, has_face: np.ndarray, options: InspectOptions, generator: np.random.Generator
) -> list[int]:
    """Speakers with faces, drawn where there are more."""
    if down is None:
        return []
    seen = np.flatnonzero(_with_face(down, has_face))
    return seen[drawn(len(seen), options.sheet_rows, generator)].tolist()


def _columns(across: Attribute | None, has_face: np.ndarray, options: InspectOptions) -> list[int]:
    """The labels of the most faces."""
    if across is None:
        return []
    counts = _with_face(across, has_face)
    order = np.argsort(-counts, kind="stable")[: options.sheet_columns]
    return sorted(int(code) for code in order if counts[code])


def _is(attribute: Attribute | None, code: int | None) -> np.ndarray:
    return np.array(True) if attribute is None or code is None else attribute.codes == code


def _titles(attribute: Attribute | None, codes: Sequence[int]) -> tuple[str, ...]:
    return tuple(attribute.classes[code] for code in codes) if attribute and codes else ("all",)


def _left_out(attribute: Attribute | None, codes: Sequence[int], has_face: np.ndarray) -> list[str]:
    if attribute is None:
        return []
    name, faces = shown(attribute.name), _with_face(attribute, has_face)
    more, blind = int((faces > 0).sum()) - len(codes), int((faces == 0).sum())
    unlabelled = int(np.count_nonzero(has_face & (attribute.codes == MISSING)))
    parts = [(more, f"{counted(more, 'further value')} of {name}")]
    parts += [(blind, f"{counted(blind, 'value')} of {name} without a face")]
    parts += [(unlabelled, f"{counted(unlabelled, 'clip')} with a face and without {name}")]
    return [words for count, words in parts if count]


def _faces(
    corpus: PreparedCorpus, rows: Int64[np.ndarray, "M"], most: int, size: int, generator: np.random.Generator
) -> tuple[list[Crop], int]:
    """The middle face of some of these clips, and how many clips there are."""
    clips: list[PreparedClip] = [corpus.clips[int(rows[i])] for i in drawn(len(rows), most, generator)]
    return [corpus.face(clip, clip.steps[FACE] // 2, size=size) for clip in clips], len(rows)


def _cell(faces: Sequence[Crop], clips: int) -> SheetCell:
    return SheetCell(_jpeg(np.concatenate(faces, axis=1)) if faces else None, len(faces), clips)


def _jpeg(image: UInt8[np.ndarray, "H W 3"]) -> bytes:
    import cv2

    written, data = cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert written, "OpenCV always has a JPEG encoder"
    return data.tobytes()


def picture(
    titles: tuple[Sequence[str], Sequence[str]], crops: Sequence[Sequence[Sequence[Crop]]], each: int, size: int
) -> bytes:
    """The sheet as one JPEG, black on white, labels beside the faces."""
    rows, columns = titles
    wide, high = each * size + GUTTER, size + GUTTER
    sheet = np.full((HEADER + high * len(rows), MARGIN + wide * len(columns), 3), 255, dtype=np.uint8)
    for i, line in enumerate(crops):
        for j, faces in enumerate(line):
            for k, face in enumerate(faces):
                top, left = HEADER + high * i, MARGIN + wide * j + k * size
                sheet[top : top + size, left : left + size] = face
    texts = [(6.0, HEADER + high * i + size / 2, shown(row, int(MARGIN / LETTERS))) for i, row in enumerate(rows)]
    room = int(wide / LETTERS)
    texts += [(MARGIN + wide * j + 2.0, HEADER / 2, shown(name, room)) for j, name in enumerate(columns)]
    return _jpeg(_written(sheet, texts))


def _written(
    sheet: UInt8[np.ndarray, "H W 3"], texts: Sequence[tuple[float, float, str]]
) -> UInt8[np.ndarray, "H W 3"]:
    """The picture with texts (x, y, words) on it; matplotlib's own font knows more letters than OpenCV's."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height, width = sheet.shape[:2]
    figure = Figure(figsize=(width / 100, height / 100), dpi=100)
    canvas = FigureCanvasAgg(figure)
    figure.figimage(sheet, origin="upper")
    for x, y, words in texts:
        figure.text(x / width, 1 - y / height, words, fontsize=8.5, va="center", family="DejaVu Sans", parse_math=False)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # drawn as boxes; the page itself has the browser's fonts
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:height, :width, :3].copy()
