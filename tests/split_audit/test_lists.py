"""Any list of clips: read whole or refused in words, heard where it names files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emoprism.errors import CorpusError
from emoprism.split_audit.audit import Asked
from emoprism.split_audit.lists import audit_list, read_list

from .conftest import Tape

Write = Callable[[str, str], Path]


def refused(path: Path, **options: bool) -> list[str]:
    with pytest.raises(CorpusError) as caught:
        read_list(path, {}, **options)  # type: ignore[arg-type]
    return [str(problem).replace(str(path), path.name) for problem in caught.value.problems]


def test_a_table_without_media_is_its_metadata(listed: Write) -> None:
    path = listed(
        "l.csv", "clip,split,label:speaker,emotion,steps:audio\na,train,s,happy,3\nb,unseen,s,,4\nc,,t,sad,5\n"
    )
    found = read_list(path, {})
    assert (found.clips, found.sides, found.excerpts) == (("a", "b"), ("train", "unseen"), (None, None))
    assert found.labels == ({"speaker": "s", "emotion": "happy"}, {"speaker": "s"})
    audit, _ = audit_list(found, Asked(), longest=60.0)
    assert audit.grade == "faulty"
    assert "copies, for want of sound" in audit.looked.not_looked_at


def test_words_of_other_houses_are_told(listed: Write) -> None:
    path = listed("l.csv", "clip,split\na,train\nb,dev\nc,test\n")
    assert refused(path)[0].startswith("l.csv, row 3, column 'split': unknown split 'dev'")
    assert "sides.dev=" in refused(path)[0]
    assert read_list(path, {"dev": "validation", "test": "unseen"}).sides == ("train", "validation", "unseen")


def test_every_problem_is_named(listed: Write) -> None:
    assert refused(listed("a.csv", "clips,spilt\na,train\n")) == [
        "a.csv, row 1: missing column 'split': the side of each clip\n    -> did you mean 'spilt'?",
        "a.csv, row 1: missing column 'clip' (or 'path')\n    -> did you mean 'clips'?",
    ]
    text = "path,split,start,end\n../x.wav,train,0,1\ny.wav,train,one,2\n,train,,\n"
    problems = refused(listed("b.csv", text))
    assert [problem.split(":")[0] for problem in problems] == [
        "b.csv, row 4, column 'clip'", "b.csv, row 2, column 'path'", "b.csv, row 3, column 'start'"
    ]  # fmt: skip
    assert refused(listed("c.csv", "clip,split\na,\n"))[0].startswith("c.csv, column 'split': empty in every row")


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "l.parquet"
    pq.write_table(pa.table({"clip": ["a", "b"], "split": ["train", "unseen"], "speaker": [1, 2]}), path)
    assert read_list(path, {}).labels == ({"speaker": "1"}, {"speaker": "2"})


def test_files_are_heard_from_start_to_end(tape: Tape, tmp_path: Path) -> None:
    for number in range(3):
        tape.write(tmp_path / "sound" / f"{number}.flac", tape.speech(number))
    tape.write(tmp_path / "copy.wav", 0.5 * tape.trimmed(tape.speech(1), 0.25, 0.1))
    text = (
        "clip,path,split,start,end,speaker\n"
        "a,sound/0.flac,train,,,s\nb,sound/1.flac,train,,,s\nc,sound/2.flac,train,0,1.5,s\n"
        "d,copy.wav,test,,,s\ne,sound/2.flac,test,0.5,2.9,s\nf,gone.wav,test,,,s\ng,,test,,,s\n"
    )
    path = tmp_path / "l.csv"
    path.write_text(text)
    audit, copies = audit_list(read_list(path, {}), Asked(), longest=60.0, workers=1)
    assert [(copy.first, copy.second, copy.exact) for copy in copies] == [("b", "d", False), ("c", "e", False)]
    assert abs(copies[1].shift + 0.5) < 0.011
    assert audit.grade == "faulty"
    assert audit.looked.fingerprinted == 5
    assert audit.looked.not_looked_at[0].startswith("1 file that cannot be read, the first because: ")
    assert audit.looked.not_looked_at[1] == "copies of 2 clips without sound"


def test_of_long_files_the_beginning_is_heard(tape: Tape, tmp_path: Path) -> None:
    tape.write(tmp_path / "a.wav", tape.speech(0))
    (tmp_path / "l.csv").write_text("path,split\na.wav,train\n")
    found = read_list(tmp_path / "l.csv", {})
    audit, _ = audit_list(found, Asked(), longest=1.0, workers=1)
    assert audit.looked.fingerprinted == 1
    assert audit_list(found, Asked(), longest=1.0, sound=False)[0].looked.fingerprinted == 0
