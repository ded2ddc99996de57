"""What corpora there are adapters for: `emoprism corpus list`."""

from __future__ import annotations

import inspect

from emoprism.console import say
from emoprism.families import CORPORA


def show() -> None:
    """Print every adapter, those of the user's own folder too: what it reads, its options, licence and citation."""
    for name in CORPORA.names():
        corpus = CORPORA.find(name)
        about = inspect.getdoc(inspect.getmodule(corpus)) or inspect.getdoc(corpus) or ""
        options = ", ".join(f"corpus.{option}" for option in CORPORA.options(name).model_fields)
        say(f"{name}\n  {about.partition(chr(10))[0]}")
        if options:
            say(f"  options: {options}")
        say(f"  licence: {corpus.licence}\n  cite: {corpus.citation}\n")
