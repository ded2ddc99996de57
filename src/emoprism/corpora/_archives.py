"""Archives that lie in a corpus's folder: what they hold by name. They are never unpacked."""

from __future__ import annotations

import lzma
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from emoprism.corpora._names import folded, is_left_behind

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".7z", ".rar")
FIRST_BYTES = 32 * 2**20
"""How far into a tar archive to look for its first file."""


def unpacked_name(archive: str) -> str:
    """The name of an archive without its suffix, as names are compared; "" for what is no archive."""
    name = folded(archive)
    suffix = max((suffix for suffix in ARCHIVES if name.endswith(suffix)), key=len, default=None)
    return name.removesuffix(suffix) if suffix else ""


def files_of(archive: Path) -> list[str] | None:
    """Names of an archive's files, without folders; None where it cannot be read.

    Of a tar archive only the first file is told: to list it all is to read it all.
    """
    return _files_in_zip(archive) if archive.suffix.lower() == ".zip" else _first_in_tar(archive)


def _files_in_zip(archive: Path) -> list[str] | None:
    try:
        with zipfile.ZipFile(archive) as file:
            parts = [PurePosixPath(name).parts for name in file.namelist() if not name.endswith("/")]
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return None
    return [names[-1] for names in parts if names and not any(map(is_left_behind, names))]


def _first_in_tar(archive: Path) -> list[str] | None:
    try:
        with tarfile.open(archive, "r|*") as file:
            for member in file:
                name = PurePosixPath(member.name).name
                if member.isfile() and not is_left_behind(name):
                    return [name]
                if member.offset > FIRST_BYTES:
                    return None
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, tarfile.TarError):
        return None
    return None
