"""Tables of one's own clips: what they may say, and how each mistake is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoprism.corpora import _problems
from emoprism.corpora.manifest import ManifestCorpus
from emoprism.errors import CorpusError, PluginError
from emoprism.families import CORPORA
from emoprism.testing import check_corpus
from emoprism.types import FeatureSource


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with some files that could be clips, and features."""
    for name in ("a.mp4", "b.mp4", "c.wav", "äöü 映画.mp4", "sub/a.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"not really media")
    np.save(tmp_path / "f.npy", np.zeros((3, 2), np.float32))
    np.savez(tmp_path / "g.npz", au=np.zeros((3, 2), np.float32))
    return tmp_path


def write(folder: Path, *lines: str, name: str = "clips.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def refused(root: Path, **options: Any) -> str:
    """What the adapter says of a table that it refuses."""
    with pytest.raises(CorpusError) as caught:
        ManifestCorpus(root, **options).clips()
    return str(caught.value)


def test_reads_every_kind_of_column(folder: Path) -> None:
    write(
        folder,
        "clip,path,video,audio,start,end,split,features:au,speaker,emotion",
        "one,a.mp4,,,0.5,2.25,train,f.npy,ann,happy",
        "two,,b.mp4,c.wav,,,test,g.npz#au,ann,",
        "three,,,,,,train,g.npz#au[2],,sad",
    )
    one, three, two = ManifestCorpus(folder).clips()
    assert (one.id, one.video, one.audio) == ("one", folder / "a.mp4", folder / "a.mp4")
    assert (one.start, one.end, one.split) == (0.5, 2.25, "train")
    assert one.labels == {"speaker": "ann", "emotion": "happy"}
    assert one.origin == "clips.csv, row 2"
    assert (two.video, two.audio, two.labels) == (folder / "b.mp4", folder / "c.wav", {"speaker": "ann"})
    assert (three.video, three.audio, three.labels) == (None, None, {"emotion": "sad"})
    assert [clip.features["au"] for clip in (one, two, three)] == [
        FeatureSource(folder / "f.npy"),
        FeatureSource(folder / "g.npz", "au"),
        FeatureSource(folder / "g.npz", "au", 2),
    ]


def test_keeps_the_contract(folder: Path) -> None:
    write(folder, "path,speaker,emotion,split", "b.mp4,x,sad,train", "a.mp4,x,sad,test", "c.wav,y,sad,unseen")
    check_corpus("manifest", folder)
    check_corpus("manifest", folder / "clips.csv", labels=["speaker"])


def test_ids_are_made_from_path_and_start(folder: Path) -> None:
    write(folder, "path,start", "a.mp4,", "a.mp4,1.5", "sub/a.mp4,")
    assert [clip.id for clip in ManifestCorpus(folder).clips()] == ["a", "a-1.5", "sub-a"]


def test_made_ids_of_clips_from_elsewhere_and_without_media(folder: Path) -> None:
    inner = folder / "inner"
    inner.mkdir()
    write(inner, "path,features:au", f"{folder}/a.mp4,", "../b.mp4,", ",../f.npy")
    assert [clip.id for clip in ManifestCorpus(inner, anywhere=True).clips()] == ["a", "b", "row4"]


def test_quotes_blank_lines_marks_and_other_alphabets(folder: Path) -> None:
    text = '\ufeffpath,speaker,note\r\n"äöü 映画.mp4",Zoë,"a ""word"", two\nlines"\r\n\r\n  b.mp4 , Zoë ,\r\n'
    (folder / "clips.csv").write_text(text, encoding="utf-8", newline="")
    second, first = ManifestCorpus(folder).clips()
    assert first.labels == {"speaker": "Zoë", "note": 'a "word", two lines'}
    assert first.id == "äöü 映画"
    assert second.labels == {"speaker": "Zoë"}
    assert second.origin == "clips.csv, row 4", "an empty line counts as a row, as in a spreadsheet"


def test_parquet_says_the_same_as_csv(folder: Path) -> None:
    rows = {"path": ["a.mp4", "b.mp4"], "start": [0.5, None], "end": [float("nan"), 3.0], "speaker": ["x", None]}
    table = folder / "clips.parquet"
    pq.write_table(pa.table(rows | {"age": [31, 4]}), table)
    one, two = ManifestCorpus(table).clips()
    assert (one.start, one.end, one.labels) == (0.5, None, {"speaker": "x", "age": "31"})
    assert (two.start, two.end, two.labels) == (None, 3.0, {"age": "4"})


def test_parquet_that_is_none(folder: Path) -> None:
    table = write(folder, "path", "a.mp4", name="clips.parquet")
    assert "clips.parquet: not a Parquet file" in refused(table)
    pq.write_table(pa.table({"path": [["a.mp4"]], "blob": [b"x"]}), table)
    assert "column 'path': holds list" in refused(table)
    assert "column 'blob': holds binary" in refused(table)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "clips.csv: empty file"),
        (b"path,speaker\n", "no rows below the header"),
        (b"\npath\na.mp4\n", "row 1: no names of columns"),
        (b"path,speaker\na.mp4\n", "row 2: 1 cells, expected 2 as in the header"),
        (b"path,path\na.mp4,a.mp4\n", "row 1: the column 'path' stands there 2 times"),
        (b"path,\na.mp4,a\n", "row 1: column 2 has no name"),
        (b"path;speaker\na.mp4;x\n", "set corpus.delimiter='\";\"'"),
        ("path,speaker\na.mp4,Zoë\n".encode("latin-1"), "clips.csv, line 2: not UTF-8 text"),
        ("path,speaker\na.mp4,x\n".encode("utf-16"), "clips.csv, line 1: not UTF-8 text"),
        (b'path,speaker\na.mp4,"x\n', "not CSV: unexpected end of data"),
        (b'path,speaker\na.mp4,"x"y\n', "line 2: not CSV"),
    ],
)
def test_files_that_are_no_table(folder: Path, content: bytes, words: str) -> None:
    (folder / "clips.csv").write_bytes(content)
    assert words in refused(folder)


@pytest.mark.parametrize(
    ("header", "row", "words"),
    [
        ("speaker", "x", "missing column 'path' (or 'video', 'audio')"),
        ("pth,speaker", "a.mp4,x", "did you mean 'pth'?"),
        ("path,speeker", "a.mp4,x", "unknown column 'speeker'\n    -> did you mean 'speaker'?"),
        ("path,strat", "a.mp4,1", "did you mean 'start'?"),
        ("path,start,end", "a.mp4,2,1", "row 2, column 'end': ends at 1 s but starts at 2 s"),
        ("path,end", "a.mp4,0", "row 2, column 'end': ends at 0 s but starts at 0 s"),
        ("path,start", 'a.mp4,"1,5"', "row 2, column 'start': '1,5' is not a number of seconds"),
        ("path,start", "a.mp4,-1", "'-1' is not a number of seconds"),
        ("path,start", "a.mp4,nan", "'nan' is not a number of seconds"),
        ("path,end", "a.mp4,inf", "'inf' is not a number of seconds"),
        ("path,split", "a.mp4,tset", "row 2, column 'split': unknown split 'tset'\n    -> did you mean 'test'?"),
        ("path,speaker", "gone.mp4,x", "row 2, column 'path': no such file 'gone.mp4'"),
        ("path,speaker", "sub,x", "no such file 'sub'"),
        ("path,speaker", "/etc/hostname,x", "'/etc/hostname' lies outside"),
        ("path,speaker", "../x.mp4,x", "'../x.mp4' lies outside"),
        ("path,speaker", f"{'n' * 300}.mp4,x", "cannot be opened"),
        ("path,speaker", "a\0b.mp4,x", "'a\\x00b.mp4' cannot be opened"),
        ("path,audio", "a.mp4,c.wav", "both 'path' and 'audio' are given"),
        ("path,speaker", ",x", "row 2: the clip has no file"),
        ("path,clip", "a.mp4,", "'' cannot be the id of a clip"),
        ("path,clip", "a.mp4,../a", "'../a' cannot be the id of a clip"),
        ("path,features:", "a.mp4,f.npy", "column 'features:': not a name for a stream"),
        ("path,features:face", "a.mp4,f.npy", "column 'features:face': not a name for a stream"),
        ("path,features:au", "a.mp4,g.npz", "column 'features:au': 'g.npz'\n    -> write file.npz#array"),
        ("path,features:au", "a.mp4,f.npy#au", "'f.npy#au'"),
        ("path,features:au", "a.mp4,g.npz#au[x]", "'g.npz#au[x]'"),
        ("path,features:au", "a.mp4,h.npy", "row 2, column 'features:au': no such file 'h.npy'"),
    ],
)
def test_each_mistake_is_named_with_its_place(folder: Path, header: str, row: str, words: str) -> None:
    write(folder, header, row)
    said = refused(folder)
    assert words in said
    assert str(folder / "clips.csv") in said


def test_all_mistakes_of_a_file_at_once(folder: Path) -> None:
    write(folder, "clip,path,start,split,speeker", "x,a.mp4,zero,train,1", "x,b.mp4,,nowhere,1", "y,gone.mp4,,,")
    said = refused(folder, allowed={"emotion": ["happy"]})
    for words in ("'speeker'", "'emotion'", "'zero'", "'nowhere'", "'gone.mp4'", "'x' stands in row 2 already"):
        assert words in said


def test_a_long_list_of_mistakes_is_cut_and_counted(folder: Path) -> None:
    write(folder, "path", *(f"gone{i}.mp4" for i in range(133)))
    with pytest.raises(CorpusError) as caught:
        ManifestCorpus(folder).clips()
    assert len(caught.value.problems) == _problems.SHOWN + 1
    assert str(caught.value).endswith("... and 113 more problems")


def test_duplicates_of_made_ids_advise_a_column(folder: Path) -> None:
    write(folder, "path", "a.mp4", "a.mp4")
    assert "row 3, column 'clip': 'a' stands in row 2 already\n    -> add a column 'clip'" in refused(folder)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (("a.mp4,x,unseen", "b.mp4,x,train"), "row 2, column 'split': the speaker 'x' is in 'unseen' and in train"),
        (("a.mp4,x,test", "b.mp4,y,train"), "row 2, column 'split': the speaker 'x' is in 'test' but never in 'train'"),
        (("a.mp4,y,train", "b.mp4,x,validation"), "belong in 'unseen'"),
    ],
)
def test_speakers_in_the_wrong_split(folder: Path, rows: tuple[str, ...], words: str) -> None:
    write(folder, "path,speaker,split", *rows)
    assert words in refused(folder)


def test_a_speaker_is_named_once_however_many_clips(folder: Path) -> None:
    write(
        folder, "clip,path,speaker,split", "1,a.mp4,x,test", "2,a.mp4,x,test", "3,a.mp4,x,validation", "4,a.mp4,,test"
    )
    with pytest.raises(CorpusError) as caught:
        ManifestCorpus(folder).clips()
    assert len(caught.value.problems) == 1


def test_options(folder: Path) -> None:
    write(folder, "path;speeker;emotion;note", "a.mp4;x;hapy;first")
    (clip,) = ManifestCorpus(folder, labels=("speeker",), delimiter=";").clips()
    assert clip.labels == {"speeker": "x"}
    said = refused(folder, delimiter=";", labels=("speaker",), allowed={"emotion": ["happy", "sad"]})
    assert "missing column 'speaker'\n    -> did you mean 'speeker'?" in said
    assert "row 2, column 'emotion': unknown label 'hapy'\n    -> did you mean 'happy'?" in said


def test_files_elsewhere_only_on_request(folder: Path) -> None:
    inner = folder / "inner"
    inner.mkdir()
    (inner / "link.mp4").symlink_to(folder / "a.mp4")
    write(inner, "path", "link.mp4")
    assert "'link.mp4' lies outside" in refused(inner)
    assert len(ManifestCorpus(inner, anywhere=True).clips()) == 1


def test_git_lfs_pointers_are_not_media(folder: Path) -> None:
    (folder / "a.mp4").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    (folder / "b.mp4").write_bytes(b"version https://git-lfs.github.com/spec/" + bytes(5000))
    write(folder, "path", "a.mp4", "b.mp4")
    said = refused(folder)
    assert "row 2, column 'path': 'a.mp4' is a Git LFS pointer" in said
    assert "b.mp4" not in said


def test_a_folder_without_a_table(folder: Path) -> None:
    assert "clips.csv: no such file" in refused(folder)
    assert "none.csv: no such file" in refused(folder / "none.csv")


def test_options_are_checked_strictly(folder: Path) -> None:
    with pytest.raises(PluginError, match="did you mean 'delimiter'"):
        CORPORA.make("manifest", folder, options={"delimeter": ";"})
    with pytest.raises(PluginError, match="at most 1 character"):
        CORPORA.make("manifest", folder, options={"delimiter": ";;"})


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS, st.floats(0, 1e5), st.floats(0.01, 1e3)), min_size=1, max_size=6))
def test_whatever_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    folder = tmp_path_factory.mktemp("manifest")
    (folder / "a.mp4").write_bytes(b"x")
    quoted = [(w.replace('"', '""'), v.replace('"', '""'), start, start + length) for w, v, start, length in rows]
    lines = [f'{i},a.mp4,"{w}","{v}",{start!r},{end!r}' for i, (w, v, start, end) in enumerate(quoted)]
    write(folder, "clip,path,speaker,mood,start,end", *lines)
    clips = ManifestCorpus(folder).clips()
    assert [(c.labels["speaker"], c.labels["mood"], c.start) for c in clips] == [row[:3] for row in rows]


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=80), st.binary(max_size=80).map(lambda tail: b"path,start\n" + tail)))
def test_any_bytes_are_read_or_refused_in_words(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("bytes") / "clips.csv"
    path.write_bytes(content)
    with pytest.raises(CorpusError):
        ManifestCorpus(path).clips()
