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


def files_of(archive: Path) -> list[PurePosixPath] | None:
    """Paths of an archive's files; None where it cannot be read.

    Of a tar archive only the first file is told: to list it all is to read it all.
    """
    return _files_in_zip(archive) if archive.suffix.lower() == ".zip" else _first_in_tar(archive)


def _files_in_zip(archive: Path) -> list[PurePosixPath] | None:
    try:
        with zipfile.ZipFile(archive) as file:
            paths = [PurePosixPath(name) for name in file.namelist() if not name.endswith("/")]
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return None
    return [path for path in paths if path.name and not any(map(is_left_behind, path.parts))]


def _first_in_tar(archive: Path) -> list[PurePosixPath] | None:
    try:
        with tarfile.open(archive, "r|*") as file:
            for member in file:
                path = PurePosixPath(member.name)
                if member.isfile() and not any(map(is_left_behind, path.parts)):
                    return [path]
                if member.offset > FIRST_BYTES:
                    return None
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, tarfile.TarError):
        return None
    return None
