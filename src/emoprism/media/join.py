"""The stage `emoprism corpus join`: prepared corpora in, one prepared corpus out that holds the clips of all.

Nothing is copied: the tables are new, the shards stay where they are and are named by their relative paths.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from emoprism.console import say
from emoprism.errors import CorpusError, Problem
from emoprism.media.shards import CLIPS, JOINED, KEY, REJECTED, PreparedClip, PreparedCorpus
from emoprism.media.writer import clips_csv
from emoprism.stage import Stage, csv_text, flat, write_text
from emoprism.types import CORPUS, SESSION, SOURCE, SPEAKER

NAME = re.compile(r"[A-Za-z0-9_]+")
"""What a corpus may be called: with no hyphen in it, the first hyphen of an id ends the name of its corpus."""
LOCAL = (SPEAKER, SESSION, SOURCE)
"""Labels whose words mean somebody or something else in every corpus. Sentences are not: texts may be shared."""
FREE = ("media.require", "media.timeout")
"""Options of prepare that decide which clips there are, not what becomes of them: these may differ."""


def join(out: Path, words: Sequence[str], *, overwrite: bool = False) -> None:
    """Join prepared corpora, given as NAME=DIRECTORY. Ids and speakers become NAME-ID and NAME-SPEAKER.

    Raises CorpusError for names and directories that cannot be joined, naming every option of prepare that differs.
    """
    paths = _paths(words)
    corpora = {name: PreparedCorpus.open(path) for name, path in paths.items()}
    _refuse_joined(corpora)
    # Resolved, so that the relative paths between them hold through symbolic links too.
    stage = Stage.begin(out.resolve(), JOINED, options=_options(corpora), inputs=paths, overwrite=overwrite)
    if stage.done:
        say(f"{out}: joined already")
        return
    streams, odd = _streams(corpora)
    rows = [
        _row(name, clip, stage.asked.inputs[name].path, corpus, streams)
        for name, corpus in sorted(corpora.items())
        for clip in corpus.clips
    ]
    rejected = sorted(row for name, path in paths.items() for row in _rejected(name, path))
    write_text(out / CLIPS, clips_csv(rows, [KEY]))
    write_text(out / REJECTED, csv_text(["clip", "origin", "reason"], rejected))
    facts = _facts(corpora, rows, len(rejected)) | _filled(corpora, streams)
    stage.finish(facts | {"streams": streams, "left_out": odd})
    say(f"{out}: {len(rows)} clips of {len(corpora)} corpora, with {', '.join(streams)}")
    for name, why in odd.items():
        say(f"the stream '{name}' is left out: {why}")


def _paths(words: Sequence[str]) -> dict[str, Path]:
    problems: list[Problem] = []
    paths: dict[str, Path] = {}
    for word in words:
        name, equals, path = word.partition("=")
        if not equals or not path or not NAME.fullmatch(name):
            fix = "a corpus is given as NAME=DIRECTORY, its name in letters, digits and _: ravdess=shards/ravdess"
            problems.append(Problem(word, "not the name and directory of a corpus", fix))
        elif name in paths:
            problems.append(Problem(word, f"there is another corpus '{name}'", "give it another name"))
        paths[name] = Path(path).resolve()
    if len(words) < 2:
        problems.append(Problem("corpora", f"{len(words)} given", "two at least are joined"))
    if problems:
        raise CorpusError(problems)
    return paths


def _refuse_joined(corpora: Mapping[str, PreparedCorpus]) -> None:
    problems = [
        Problem(str(corpus.directory), f"its clips have a label '{CORPUS}' already", "join what it was made of")
        for corpus in corpora.values()
        if corpus.manifest.stage == JOINED or any(CORPUS in clip.labels for clip in corpus.clips)
    ]
    problems += [
        Problem(str(corpus.directory), "holds no usable clip", f"see its {REJECTED} for the reasons")
        for corpus in corpora.values()
        if not corpus.clips
    ]
    if problems:
        raise CorpusError(problems)


def _options(corpora: Mapping[str, PreparedCorpus]) -> dict[str, Any]:
    """Options of prepare that hold for all, in the place where `predict` looks for them."""
    asked = {name: corpus.manifest.options for name, corpus in corpora.items()}
    refuse_differences(asked)
    media = [options["media"] for options in asked.values() if "media" in options]
    weights = [options["detector_sha256"] for options in asked.values() if "detector_sha256" in options]
    joined: dict[str, Any] = {"corpus": {"name": "join", "corpora": {n: o.get("corpus") for n, o in asked.items()}}}
    if media:
        requires = {options.get("require", "any") for options in media}
        longest = max((options["timeout"] for options in media if "timeout" in options), default=None)
        joined["media"] = media[0] | {"require": requires.pop() if len(requires) == 1 else "any"}
        joined["media"] |= {} if longest is None else {"timeout": longest}
    return joined | ({"detector_sha256": weights[0]} if weights else {})


def refuse_differences(asked: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise CorpusError for every option that two corpora were prepared with differently."""
    told = {name: flat(options.get("media", {}), "media") for name, options in asked.items()}
    for name, options in asked.items():
        if "detector_sha256" in options:
            told[name]["detector_sha256"] = options["detector_sha256"]
    problems: list[Problem] = []
    for key in sorted({key for options in told.values() for key in options} - {*FREE, "media"}):
        # Weights are there where a corpus has pictures; every other option, wherever there are any.
        values = {n: o.get(key) for n, o in told.items() if key in o or key != "detector_sha256"}
        if len({repr(value) for value in values.values()}) > 1:
            what = "prepared with " + ", ".join(f"{value!r} ({name})" for name, value in values.items())
            problems.append(Problem(key.removeprefix("media."), what, "prepare them with the same options"))
    if problems:
        raise CorpusError(problems)


def _streams(corpora: Mapping[str, PreparedCorpus]) -> tuple[dict[str, list[int]], dict[str, str]]:
    """Shapes of the streams that look the same wherever there are any; of the others, how they differ in words."""
    shapes: dict[str, list[int]] = {}
    odd: dict[str, str] = {}
    for stream in sorted({stream for corpus in corpora.values() for stream in corpus.streams}):
        found = {n: list(c.streams[stream].shape) for n, c in sorted(corpora.items()) if stream in c.streams}
        one = next(iter(found.values()))
        if all(shape == one for shape in found.values()):
            shapes[stream] = one
        else:
            odd[stream] = "its steps are " + ", ".join(f"{shape} ({name})" for name, shape in found.items())
    if not shapes:
        problems = [Problem(f"stream '{name}'", why, "prepare them alike") for name, why in odd.items()]
        raise CorpusError(problems or Problem("corpora", "have no streams", "prepare them again"))
    return shapes, odd


def _row(
    name: str, clip: PreparedClip, folder: str, corpus: PreparedCorpus, streams: Mapping[str, list[int]]
) -> dict[str, Any]:
    labels = {key: f"{name}-{word}" if key in LOCAL else word for key, word in clip.labels.items()}
    absent = {stream: f"the corpus '{name}' has no such stream" for stream in streams if stream not in corpus.streams}
    return {
        "clip": f"{name}-{clip.id}",
        "split": clip.split,
        "seconds": clip.seconds,
        "shard": f"{Path(folder).as_posix()}/{clip.shard}",
        KEY: clip.id,
        "labels": labels | {CORPUS: name},
        "values": dict(clip.values),
        "steps": {stream: count for stream, count in clip.steps.items() if stream in streams},
        "notes": {stream: note for stream, note in clip.notes.items() if stream in streams} | absent,
    }


def _rejected(name: str, path: Path) -> list[tuple[str, str, str]]:
    try:
        with (path / REJECTED).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return [(f"{name}-{row['clip']}", f"{name}: {row['origin']}", row["reason"]) for row in rows]
    except (OSError, KeyError, ValueError, csv.Error) as error:
        raise CorpusError(Problem(str(path / REJECTED), f"cannot be read: {error}", "prepare again")) from None


def _facts(corpora: Mapping[str, PreparedCorpus], rows: Sequence[Mapping[str, Any]], rejected: int) -> dict[str, Any]:
    told = [corpus.manifest.facts for corpus in corpora.values()]
    missing = Counter(stream for row in rows for stream in row["notes"])
    facts: dict[str, Any] = {
        "clips": len(rows),
        "rejected": rejected,
        "missing": dict(sorted(missing.items())),
        "seconds": round(sum(row["seconds"] for row in rows), 3),
        "corpora": {name: len(corpus.clips) for name, corpus in sorted(corpora.items())},
    }
    for key in ("citation", "licence"):
        facts[key] = "; ".join(dict.fromkeys(str(fact[key]) for fact in told if key in fact))
    return facts


def _filled(corpora: Mapping[str, PreparedCorpus], streams: Mapping[str, Any]) -> dict[str, Any]:
    """As prepare says of each: of every stream, in how many clips how many values were no numbers and are 0 now."""
    found: dict[str, Counter[str]] = {}
    for corpus in corpora.values():
        for stream, counts in corpus.manifest.facts.get("filled", {}).items():
            found.setdefault(stream, Counter()).update(counts)
    told = {stream: dict(found[stream]) for stream in sorted(found) if stream in streams}
    return {"filled": told} if told else {}
