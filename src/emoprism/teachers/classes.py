"""The teacher's words for emotions, and ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float64

from emoprism.corpora._distributions import ALSO_CALLED, EMOTIONS
from emoprism.errors import Problem, RecipeError, did_you_mean

LEFT_OUT = "none"
"""In a map: this class of the teacher is left out, and the others' probabilities are scaled to sum to 1 again."""
MORE_NAMES: Mapping[str, str] = {
    "joy": "happy", "sorrow": "sad", "afraid": "fearful", "scared": "fearful", "rage": "angry",
    "contemptuous": "contempt", "contempted": "contempt", "astonished": "surprised",
}  # fmt: skip
OURS: Mapping[str, str] = {
    **{name: name for name in EMOTIONS},
    **{other: name for name, others in ALSO_CALLED.items() for other in others},
    **MORE_NAMES,
}
"""Words of a teacher, in small letters -> our class."""
ORDERS: Mapping[str, tuple[str, ...]] = {
    "FER+ (Barsoum et al. 2016)": (
        "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"
    ),
    "AffectNet (Mollahosseini et al. 2017)": (
        "neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt"
    ),
    "the order of the alphabet": (
        "anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"
    ),
    "FER2013 (Goodfellow et al. 2013)": ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"),
    "RAF-DB (Li et al. 2017)": ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral"),
}  # fmt: skip
"""Orders that models without names of classes usually have; which one is right only their makers know."""


def our_classes(classes: Sequence[str], chosen: Mapping[str, str]) -> dict[str, str]:
    """The teacher's class -> one of EMOTIONS or LEFT_OUT: by the user's map, else by what the word means.

    Raises RecipeError with every class that neither knows, every entry that the teacher has no class for, and every
    entry that leads to no class of ours. Several classes of the teacher may be one of ours.
    """
    places = {word.casefold(): word for word in classes}
    given = {word.casefold(): ours for word, ours in chosen.items()}
    problems = [
        Problem(f"map.{word}", "the teacher has no such class", did_you_mean(word, classes))
        for word in chosen
        if word.casefold() not in places
    ]
    found: dict[str, str] = {}
    for word in classes:
        ours = given.get(word.casefold(), OURS.get(" ".join(word.casefold().split()), ""))
        if ours in (*EMOTIONS, LEFT_OUT):
            found[word] = ours
        elif word.casefold() in given:
            problems.append(
                Problem(f"map.{word}", f"'{ours}' is no class of ours", did_you_mean(ours, [*EMOTIONS, LEFT_OUT]))
            )
        else:
            problems.append(Problem(f"the teacher's class '{word}'", "what is it?", _suggestion(word)))
    if not problems and set(found.values()) == {LEFT_OUT}:
        problems.append(Problem("map", "leaves no class of the teacher", f"keep some of {', '.join(classes)}"))
    if problems:
        raise RecipeError(problems)
    return found


def suggest_orders(width: int) -> str:
    """What to do about a teacher of `width` outputs that names no classes: the usual orders, to choose from."""
    fitting = [f"model.classes=[{','.join(words)}] for {name}" for name, words in ORDERS.items() if len(words) == width]
    if not fitting:
        return f"name its {width} classes in order: model.classes=[...]"
    return "ask its makers for the order, and set " + ", or ".join(fitting)


def sums(classes: Mapping[str, str]) -> Float64[np.ndarray, "C 8"]:
    """The matrix that adds up the teacher's probabilities [C] into those of EMOTIONS [8]; what is left out is lost."""
    out = np.zeros((len(classes), len(EMOTIONS)))
    for row, ours in enumerate(classes.values()):
        if ours != LEFT_OUT:
            out[row, EMOTIONS.index(ours)] = 1.0
    return out


def _suggestion(word: str) -> str:
    import difflib

    near = difflib.get_close_matches(word.casefold(), OURS, n=1, cutoff=0.6)
    example = OURS[near[0]] if near else LEFT_OUT
    return f"map.{word}={example} for example; ours are {', '.join(EMOTIONS)}, and {LEFT_OUT} leaves it out"
