"""Contract of corpora on the copies that people really have: whatever differs harmlessly changes no clip, and what
does harm is named.
"""

from __future__ import annotations

import shutil
import tarfile
import unicodedata
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emoprism.types import Clip

LFS_POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 123456\n"
)
FAR_AWAY = unicodedata.normalize("NFD", "Größe 感情 эмоции")
"""A folder name that is no ASCII and not in composed form, as macOS writes it."""


def check_copies(name: str, root: Path, scratch: Path, *, case: bool = True, **options: Any) -> None:
    """A corpus adapter on copies of `root`, made below `scratch`, that differ from it as real copies do.

    `case=False` leaves out names in another case, for corpora whose names are the user's own.
    """
    from emoprism.families import CORPORA

    def clips(folder: Path) -> Sequence[Clip]:
        return CORPORA.make(name, folder, options=options).clips()

    expected = [_bare(clip) for clip in clips(root)]
    for title, spoil in HARMLESS.items():
        if case or spoil not in (_in_capitals, _in_small_letters):
            copy = _copy(root, scratch / title.replace(" ", "-"))
            spoil(copy)
            _check_same(f"{name}: {title} change no clip", lambda copy=copy: clips(copy), expected)
    elsewhere = _copy(root, scratch / FAR_AWAY)
    _check_same(f"{name}: a path that is not ASCII changes no clip", lambda: clips(elsewhere), expected)
    for title, (spoil, words) in HARMFUL.items():
        copy = _copy(root, scratch / title.replace(" ", "-"))
        spoilt = [path.name for path in spoil(copy, _media(clips(copy)))]
        said = _refused(lambda copy=copy: clips(copy))
        assert all(word in said for word in words), f"{name}: {title}: the error says {words}: {said}"
        assert any(one in said for one in spoilt), f"{name}: {title}: the error names one of {spoilt[:3]}: {said}"


def _check_same(sentence: str, read: Callable[[], Sequence[Clip]], expected: Sequence[Clip]) -> None:
    from emoprism.errors import CorpusError

    try:
        found = [_bare(clip) for clip in read()]
    except CorpusError as error:
        raise AssertionError(f"{sentence}: {error}") from None
    lost, new = [clip for clip in expected if clip not in found], [clip for clip in found if clip not in expected]
    assert found == expected, f"{sentence}: without {lost[:3]}, with {new[:3]}"


def _bare(clip: Clip) -> Clip:
    """A clip without where its files are and what they are called: only whether it has them."""
    here = Path("file")
    features = {name: replace(source, path=here) for name, source in clip.features.items()}
    video, audio = clip.video and here, clip.audio and here
    return replace(clip, video=video, audio=audio, features=features, origin="")


def _copy(root: Path, copy: Path) -> Path:
    shutil.copytree(root, copy)
    return copy


def _media(clips: Sequence[Clip]) -> list[Path]:
    """Files of pictures and sound; of a corpus that has neither, those of features."""
    found = {path for clip in clips for path in (clip.video, clip.audio) if path is not None}
    return sorted(found or {source.path for clip in clips for source in clip.features.values()})


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def _left_behind(root: Path) -> None:
    for path in _files(root):
        path.with_name(f"._{path.name}").write_bytes(b"\x00\x05\x16\x07 resource fork")
        shadow = root / "__MACOSX" / path.relative_to(root)
        shadow.parent.mkdir(parents=True, exist_ok=True)
        shadow.with_name(f"._{path.name}").write_bytes(b"\x00\x05\x16\x07")
    (root / ".DS_Store").write_bytes(b"\x00\x00\x00\x01Bud1")
    (root / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
    (root / "desktop.ini").write_bytes(b"[.ShellClassInfo]\r\n")
    for path in _files(root):
        if not path.name.startswith("."):
            thumbnail = path.parent / "@eaDir" / path.name / f"SYNO{path.suffix}"
            thumbnail.parent.mkdir(parents=True, exist_ok=True)
            thumbnail.write_bytes(b"\xff\xd8")


def _archives_beside(root: Path) -> None:
    """An archive of each folder under its name, and two of everything under names of their own."""
    everything = _files(root)
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        with zipfile.ZipFile(folder.with_name(f"{folder.name}.zip"), "w") as file:
            for path in _files(folder):
                file.write(path, path.relative_to(folder.parent).as_posix())
    with zipfile.ZipFile(root / "download.zip", "w") as file, tarfile.open(root / "release.tar.gz", "w:gz") as other:
        for path in everything:
            file.write(path, path.relative_to(root).as_posix())
            other.add(path, path.relative_to(root).as_posix())


def _links(root: Path) -> None:
    """Every file is a link to one elsewhere, of another name, as where a store keeps files by their content."""
    store = root.with_name(f"{root.name}-store")
    store.mkdir()
    for number, path in enumerate(_files(root)):
        path.rename(store / f"{number:06d}")
        path.symlink_to(store / f"{number:06d}")


def _renamed(root: Path, change: Callable[[str], str]) -> None:
    for path in sorted(root.rglob("*"), key=lambda path: -len(path.parts)):
        path.rename(path.with_name(change(path.name)))


def _in_capitals(root: Path) -> None:
    _renamed(root, str.upper)


def _in_small_letters(root: Path) -> None:
    _renamed(root, str.lower)


def _pointers(_: Path, media: Sequence[Path]) -> Sequence[Path]:
    for path in media:
        path.write_text(LFS_POINTER)
    return media


def _dangling(_: Path, media: Sequence[Path]) -> Sequence[Path]:
    for path in media:
        path.unlink()
        path.symlink_to(".git/annex/objects/gone")
    return media


def _never_unpacked(root: Path, media: Sequence[Path]) -> Sequence[Path]:
    """Pack the folder that holds the first medium (where that is the root, the medium); remove what was packed."""
    folder = media[0].parent
    packed = media[0] if folder == root else folder
    with zipfile.ZipFile(packed.with_name("packed.zip"), "w") as file:
        for path in [packed] if packed.is_file() else _files(packed):
            file.write(path, path.relative_to(packed.parent).as_posix())
            path.unlink()
    return [packed.with_name("packed.zip")]


def _emptied(root: Path, _: Sequence[Path]) -> Sequence[Path]:
    shutil.rmtree(root)
    root.mkdir()
    return [root]


def _removed(root: Path, _: Sequence[Path]) -> Sequence[Path]:
    shutil.rmtree(root)
    return [root]


HARMLESS: dict[str, Callable[[Path], None]] = {
    "files that other systems leave behind": _left_behind,
    "archives beside what was unpacked": _archives_beside,
    "names in capitals": _in_capitals,
    "names in small letters": _in_small_letters,
    "links in place of files": _links,
}
HARMFUL: dict[str, tuple[Callable[[Path, Sequence[Path]], Sequence[Path]], tuple[str, ...]]] = {
    "pointers instead of media": (_pointers, ("Git LFS", "git lfs pull")),
    "links that lead nowhere": (_dangling, ("are not there",)),
    "an archive never unpacked": (_never_unpacked, ("unpack",)),
    "an empty folder": (_emptied, ()),
    "no folder": (_removed, ()),
}
"""How to spoil a copy, given its media: returns what was spoilt, of which the error names one; and what it says."""


def _refused(read: Callable[[], Any]) -> str:
    from emoprism.errors import CorpusError

    try:
        read()
    except CorpusError as error:
        return str(error)
    return "nothing, it was read without an error"
