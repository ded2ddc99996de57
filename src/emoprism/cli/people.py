"""Verbs that ask models by others: who is in these clips, and what would a teacher say of their faces."""

from __future__ import annotations

from collections.abc import Callable

from emoprism.cli.words import Options, Out, Overwrite, Prepared, Workers


def label(
    prepared: Prepared,
    out: Out,
    options: Options = None,
    workers: Workers = None,
    overwrite: Overwrite = False,
) -> None:
    """Let a face-emotion model say what it sees: model=onnx source=FILE writes distributions.csv. Resumes."""
    from emoprism.teachers.label import label

    label(prepared, out, options or [], workers=workers, overwrite=overwrite)


def identify(prepared: Prepared, out: Out, options: Options = None, overwrite: Overwrite = False) -> None:
    """Find the persons in clips whose speakers nobody knows: `emoprism identify PREPARED OUT run=RUN`. Resumes."""
    from emoprism.identities.identify import identify

    identify(prepared, out, options or [], overwrite=overwrite)


VERBS: tuple[Callable[..., None], ...] = (identify, label)
