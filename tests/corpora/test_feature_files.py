"""Tables of clips that name features in every kind of file: the same numbers give the same shards, to the bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emoprism.corpora._feature_cells import read_cell
from emoprism.corpora.manifest import ManifestCorpus
from emoprism.errors import CorpusError
from emoprism.media.options import PrepareOptions
from emoprism.media.prepare import prepare
from emoprism.media.process import process_clip
from emoprism.media.shards import PreparedCorpus
from emoprism.media.writer import encode, write_shard
from emoprism.stage import read_manifest
from emoprism.testing import check_corpus
from emoprism.types import FeatureSource

h5py = pytest.importorskip("h5py", reason="needs h5py: pip install 'emoprism[hdf5]'")

COUNT, STEPS, WIDTH = 3, 5, 4
CUBE = np.random.default_rng(0).normal(size=(COUNT, STEPS, WIDTH)).astype(np.float32)
CUBE[1, 2, 3] = -np.inf


def write_npy(root: Path) -> list[str]:
    for row in range(COUNT):
        np.save(root / f"{row}.npy", CUBE[row])
    return [f"{row}.npy" for row in range(COUNT)]


def write_npz(root: Path) -> list[str]:
    np.savez(root / "f.npz", cube=CUBE)
    return [f"f.npz#cube[{row}]" for row in range(COUNT)]


def write_packed(root: Path) -> list[str]:
    np.savez_compressed(root / "f.npz", **{f"clip{row}": CUBE[row].astype(np.float64) for row in range(COUNT)})
    return [f"f.npz#clip{row}" for row in range(COUNT)]


def write_hdf5(root: Path) -> list[str]:
    with h5py.File(root / "f.h5", "w") as file:
        file.create_dataset("all/cube", data=CUBE, chunks=(1, 2, WIDTH), compression="gzip")
    return [f"f.h5#all/cube[{row}]" for row in range(COUNT)]


def write_paths(root: Path) -> list[str]:
    with h5py.File(root / "f.hdf5", "w") as file:
        for row in range(COUNT):
            file[f"clips/{row}/features"] = CUBE[row]
    return [f"f.hdf5#clips/{row}/features" for row in range(COUNT)]


def write_lists(root: Path) -> list[str]:
    column = pa.array(CUBE.tolist(), pa.list_(pa.list_(pa.float32(), WIDTH)))
    pq.write_table(pa.table({"cube": column}), root / "f.parquet", row_group_size=2)
    return [f"f.parquet#cube[{row}]" for row in range(COUNT)]


def table() -> pa.Table:
    columns = {f"f{n}": CUBE[:, :, n].ravel() for n in range(WIDTH)}
    return pa.table({"clip": np.repeat([f"c{row}" for row in range(COUNT)], STEPS), **columns})


def write_keyed(root: Path) -> list[str]:
    pq.write_table(table(), root / "f.parquet", row_group_size=STEPS + 1)
    return [f"f.parquet#clip=c{row}" for row in range(COUNT)]


def write_groups(root: Path) -> list[str]:
    pq.write_table(table(), root / "f.parquet", row_group_size=STEPS)
    return [f"f.parquet[{row}]" for row in range(COUNT)]


def write_tables(root: Path) -> list[str]:
    for row in range(COUNT):
        pq.write_table(table().slice(row * STEPS, STEPS), root / f"{row}.parquet")
    return [f"{row}.parquet" for row in range(COUNT)]


WRITERS = [
    write_npy, write_npz, write_packed, write_hdf5, write_paths, write_lists, write_keyed, write_groups, write_tables,
]  # fmt: skip


def clips(root: Path, cells: list[str], stream: str = "units") -> Path:
    rows = [f"clip{row},{cell},{row}.5,{row + 2}.5,ann" for row, cell in enumerate(cells)]
    (root / "clips.csv").write_text("\n".join([f"clip,features:{stream},start,end,speaker", *rows]) + "\n")
    return root


@pytest.mark.parametrize("write", WRITERS)
def test_every_form_gives_the_same_shard(tmp_path: Path, write: Callable[[Path], list[str]]) -> None:
    """What `prepare` writes of a clip, without the process that it starts for it."""
    shards: list[bytes] = []
    for number, each in enumerate((write_npy, write)):
        root = tmp_path / f"{number}"
        root.mkdir()
        check_corpus("manifest", clips(root, each(root)))
        found = ManifestCorpus(root, fill=True).clips()
        write_shard(root / "shard", [encode(clip, process_clip(clip, PrepareOptions())) for clip in found], [])
        shards.append((root / "shard").read_bytes())
    assert shards[0] == shards[1]


def test_prepared_directories_are_the_same(tmp_path: Path) -> None:
    files: list[dict[str, bytes]] = []
    for write in (write_npy, write_keyed):
        root, out = tmp_path / write.__name__, tmp_path / "out" / write.__name__
        root.mkdir()
        prepare("manifest", clips(root, write(root)), out, ["corpus.fill=true"], workers=1)
        files.append({path.name: path.read_bytes() for path in out.iterdir() if path.name != "manifest.json"})
    assert {"shard-00000.safetensors", "clips.csv", "rejected.csv"} == set(files[0])
    assert files[0] == files[1]
    corpus = PreparedCorpus.open(tmp_path / "out/write_npy")
    assert np.array_equal(corpus.read(corpus.clips[0], "units"), CUBE[0]) and corpus.clips[0].seconds == 2
    assert corpus.times(corpus.clips[0], "units").tolist() == pytest.approx(np.arange(STEPS) * 2 / STEPS)
    assert corpus.read(corpus.clips[1], "units")[2, 3] == 0
    assert read_manifest(corpus.directory, "prepare").facts["filled"] == {"units": {"clips": 1, "values": 1}}


def test_without_being_asked_nothing_is_filled(tmp_path: Path) -> None:
    prepare("manifest", clips(tmp_path, write_npz(tmp_path)), tmp_path / "out", [], workers=1)
    facts = read_manifest(tmp_path / "out", "prepare").facts
    assert facts["clips"] == 2 and facts["rejected"] == 1 and "filled" not in facts
    said = (tmp_path / "out/rejected.csv").read_text()
    assert "f.npz#cube holds a value that is not a number" in said and "step 2, column 3" in said
    assert "corpus.fill=true" in said


def test_padding_is_left_out_where_it_is_said_to_be_some(tmp_path: Path) -> None:
    padded = np.zeros((2, 6, 2))
    padded[0, 2:4], padded[1, 1], padded[1, 3] = 1, 2, 3
    np.savez(tmp_path / "p.npz", p=padded)
    root = clips(tmp_path, ["p.npz#p[0]", "p.npz#p[1]"])
    for options, steps in (([], [6, 6]), (["corpus.padded=true"], [2, 3])):
        prepare("manifest", root, tmp_path / f"out{len(options)}", options, workers=1)
        found = PreparedCorpus.open(tmp_path / f"out{len(options)}").clips
        assert [clip.steps["units"] for clip in found] == steps


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("f.pkl", "can run any code"),
        ("f.mat#x", "write .npy, .npz, .h5"),
        ("f.npy#x", "write file.npy"),
        ("f.npz", "write file.npz#array"),
        ("f.npz#x[y]", "write file.npz#array"),
        ("f.h5", "write file.h5#path/of/array"),
        ("f.csd", "write file.csd#video"),
        ("f.parquet#", "write file.parquet (all rows are steps)"),
        ("f.parquet#clip=", "write file.parquet"),
        ("f.parquet[x]", "write .npy"),
        ("f.parquet[1]#x", "write file.parquet"),
        ("#x", "write .npy"),
    ],
)
def test_cells_that_say_nothing(tmp_path: Path, cell: str, words: str) -> None:
    said = read_cell(cell)
    assert isinstance(said, str) and words in said
    with pytest.raises(CorpusError, match="row 2, column 'features:units'"):
        ManifestCorpus(clips(tmp_path, [cell])).clips()


def test_cells_that_say_something() -> None:
    assert read_cell("a#b/c[2].npz#x") == "write .npy, .npz, .h5, .hdf5, .csd, .parquet, .pq files"
    assert read_cell("a/f.H5#x/y[2]") == FeatureSource(Path("a/f.H5"), "x/y", 2)
    assert read_cell("f.csd#v[3]") == FeatureSource(Path("f.csd"), "v[3]")
    assert read_cell("f.pq#clip=a[1]=b") == FeatureSource(Path("f.pq"), key=("clip", "a[1]=b"))


def write_csd(path: Path, videos: dict[str, Any]) -> None:
    with h5py.File(path, "w") as file:
        for video, (features, intervals) in videos.items():
            file[f"COVAREP/data/{video}/features"], file[f"COVAREP/data/{video}/intervals"] = features, intervals


def test_a_table_cuts_a_computational_sequence(tmp_path: Path) -> None:
    starts = np.arange(100) / 10
    write_csd(tmp_path / "f.csd", {"v": (starts[:, None], np.stack([starts, starts + 0.1], 1))})
    (tmp_path / "clips.csv").write_text(
        "clip,features:covarep,start,end\nall,f.csd#v,,\nlate,f.csd#v,9.05,99\nlong,f.csd#v,2,9\nmid,f.csd#v,1.05,1.3\n"
        "none,f.csd#v,50,60\nwho,f.csd#u,,\n"
    )
    check_corpus("manifest", tmp_path)
    prepare("manifest", tmp_path, tmp_path / "out", ["seconds=3"], workers=1)
    corpus = PreparedCorpus.open(tmp_path / "out")
    found = {clip.id: (clip.seconds, corpus.read(clip, "covarep")[:, 0].tolist()) for clip in corpus.clips}
    assert found["mid"] == (0.25, pytest.approx([1.0, 1.1, 1.2]))
    mid = next(clip for clip in corpus.clips if clip.id == "mid")
    assert corpus.times(mid, "covarep") == pytest.approx([0.025, 0.1, 0.2]), "middles of what lies in the clip"
    assert {name: len(steps) for name, (_, steps) in found.items()} == {"all": 30, "late": 10, "long": 30, "mid": 3}
    assert found["all"][0] == pytest.approx(3) and found["late"][0] == 3
    said = (tmp_path / "out/rejected.csv").read_text()
    assert "f.csd has no steps of 'v' between 50 s and 53 s" in said and "f.csd has no 'u'" in said
