"""The contract of copies notices each way in which an adapter can fail on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from emoprism.corpora._folder import Folder
from emoprism.corpora.base import Corpus
from emoprism.errors import CorpusError, Problem
from emoprism.testing import check_copies
from emoprism.testing.copies import FAR_AWAY, HARMFUL, HARMLESS
from emoprism.types import Clip

Media = Callable[[Path], Iterable[Path]]


class Sound(Corpus):
    """Sound files at any depth, read as they should be."""

    citation = "me"
    licence = "free"

    def clips(self) -> Sequence[Clip]:
        folder = Folder(self.root)
        media = folder.files(".wav")
        folder.check(media)
        return self.of(media)

    def of(self, media: Iterable[Path]) -> list[Clip]:
        found = [Clip(path.stem.lower(), {"speaker": "x"}, audio=path, origin=path.name) for path in media]
        return sorted(found, key=lambda clip: clip.id)

    def refuse(self, where: Path, what: str) -> None:
        raise CorpusError(Problem(str(where), what))


class TakesAll(Sound):
    def clips(self) -> Sequence[Clip]:
        return self.of(path for path in self.root.rglob("*") if path.suffix.lower() == ".wav")


class KnowsNoCapitals(Sound):
    def clips(self) -> Sequence[Clip]:
        return [clip for clip in super().clips() if clip.audio and clip.audio.name.endswith(".wav")]


class KnowsNoSmallLetters(Sound):
    def clips(self) -> Sequence[Clip]:
        return [clip for clip in super().clips() if clip.audio and clip.audio.name[0].isupper()]


class FearsArchives(Sound):
    def clips(self) -> Sequence[Clip]:
        for path in self.root.rglob("*.zip"):
            self.refuse(path, "unpack this archive")
        return super().clips()


class NamesByPlace(Sound):
    def of(self, media: Iterable[Path]) -> list[Clip]:
        return [clip for clip in super().of(media) if clip.audio and clip.audio.resolve().stem == clip.audio.stem]


class KnowsAsciiAlone(Sound):
    def clips(self) -> Sequence[Clip]:
        return super().clips() if str(self.root).isascii() else []


class TakesPointers(Sound):
    def clips(self) -> Sequence[Clip]:
        folder = Folder(self.root)
        folder.check()
        return self.of(folder.files(".wav"))


class KeepsNoFileInMind(Sound):
    def clips(self) -> Sequence[Clip]:
        try:
            return super().clips()
        except CorpusError as error:
            raise CorpusError([Problem("here", problem.what, problem.fix) for problem in error.problems]) from None


class TakesWhatIsThere(Sound):
    def clips(self) -> Sequence[Clip]:
        folder = Folder(self.root)
        return self.of(folder.files(".wav"))


class PassesOverArchives(Sound):
    def clips(self) -> Sequence[Clip]:
        folder = Folder(self.root)
        if folder._dangling:
            self.refuse(folder._dangling[0], "links lead to files that are not there")
        media = folder.files(".wav")
        if any(path.stat().st_size < 300 for path in media):
            self.refuse(media[0], "a Git LFS pointer: run `git lfs pull`")
        return self.of(media)


class PassesOverNothing(Sound):
    def clips(self) -> Sequence[Clip]:
        return super().clips() if self.root.is_dir() and any(self.root.iterdir()) else []


class ForgetsTheFolder(Sound):
    def clips(self) -> Sequence[Clip]:
        if not self.root.exists():
            raise CorpusError(Problem("the corpus", "no such folder"))
        return super().clips()


BROKEN: dict[type[Sound], str] = {
    TakesAll: "files that other systems leave behind change no clip",
    FearsArchives: "archives beside what was unpacked change no clip",
    KnowsNoCapitals: "names in capitals change no clip",
    KnowsNoSmallLetters: "names in small letters change no clip",
    NamesByPlace: "links in place of files change no clip",
    KnowsAsciiAlone: "a path that is not ASCII changes no clip",
    TakesPointers: "pointers instead of media: the error says .*: nothing, it was read",
    KeepsNoFileInMind: "pointers instead of media: the error names one of .*: here: 2 files are Git LFS pointers",
    PassesOverArchives: "an archive never unpacked: .* nothing, it was read",
    PassesOverNothing: "an empty folder: .* nothing, it was read",
    ForgetsTheFolder: "no folder: the error names one of .*no-folder.*: the corpus: no such folder",
}


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[type[Sound]], None]:
    """Runs the contract on an adapter under the name of one of the house."""
    for name in ("one/A1.wav", "two/B2.wav"):
        path = tmp_path / "corpus" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"sound" * 100)

    def run(adapter: type[Sound]) -> None:
        monkeypatch.setattr("emoprism.plugins.Family.make", lambda self, name, root, options: adapter(root))
        check_copies("manifest", tmp_path / "corpus", tmp_path / "copies")

    return run


def test_a_sound_adapter_passes(check: Callable[[type[Sound]], None]) -> None:
    check(Sound)


@pytest.mark.parametrize("adapter", BROKEN)
def test_a_broken_adapter_is_noticed(check: Callable[[type[Sound]], None], adapter: type[Sound]) -> None:
    with pytest.raises(AssertionError, match=BROKEN[adapter]):
        check(adapter)


def test_links_that_lead_nowhere_are_noticed(
    check: Callable[[type[Sound]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(HARMFUL, "pointers instead of media")
    with pytest.raises(AssertionError, match=r"links that lead nowhere: .*: .*holds no files|nothing, it was read"):
        monkeypatch.setattr(Folder, "_unreadable", lambda self: [])
        check(TakesWhatIsThere)


def test_every_variation_has_its_negative_control() -> None:
    expected = "\n".join([*BROKEN.values(), "links that lead nowhere"])
    for title in (*HARMLESS, *HARMFUL):
        assert title in expected
    assert not FAR_AWAY.isascii()


def test_another_exception_is_no_error_in_words(check: Callable[[type[Sound]], None]) -> None:
    class Raises(Sound):
        def clips(self) -> Sequence[Clip]:
            if not self.root.is_dir():
                raise FileNotFoundError(self.root)
            return super().clips()

    with pytest.raises(FileNotFoundError):
        check(Raises)


def test_names_of_the_users_own_keep_their_case(
    check: Callable[[type[Sound]], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emoprism.plugins.Family.make", lambda self, name, root, options: KnowsNoCapitals(root))
    check_copies("manifest", tmp_path / "corpus", tmp_path / "copies", case=False)
