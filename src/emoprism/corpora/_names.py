"""Names of files as people's systems write them: compared, told from what systems leave behind, and from bytes."""

from __future__ import annotations

import unicodedata

LEFT_BEHIND = frozenset({"__macosx", "thumbs.db", "desktop.ini", "@eadir", "$recycle.bin", "system volume information"})


def folded(name: str) -> str:
    """A name as names are compared: composed Unicode, without regard to case."""
    return unicodedata.normalize("NFC", name).casefold()


def is_left_behind(name: str) -> bool:
    """Whether a system puts files of this name beside people's own (macOS, Windows, network storage), or hides them."""
    return name.startswith(".") or name.lower() in LEFT_BEHIND


def is_utf8(name: str) -> bool:
    """Whether a name is text: on Linux it can be any bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
