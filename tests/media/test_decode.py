"""Decoding: the right pictures at the right times, sound where it belongs, flat memory, and words for what is wrong."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoprism.errors import MediaError
from emoprism.media import picture
from emoprism.media.decode import Medium, Wanted
from emoprism.media.picture import Frame, Grid
from emoprism.media.sound import RATE, Samples, Waveform


def play(
    path: Path, start: float = 0.0, end: float = 12.0, fps: float | None = 3.0
) -> tuple[list[Frame], np.ndarray, int]:
    """Sampled frames, the waveform, and where it begins."""
    frames, waveform = [], Waveform(end - start)
    with Medium(path) as medium:
        for item in medium.play(Wanted(start, end, fps, sound=True)):
            if isinstance(item, Frame):
                frames.append(item)
            else:
                waveform.add(item)
    first, samples = waveform.join()
    return frames, samples, first


def counting(path: Path, count: int, fps: int, size: int = 64, **options: Any) -> Path:
    """A video whose picture number is its brightness."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=fps, options={"qp": "0", **options})
        stream.width = stream.height = size
        stream.pix_fmt = "yuv420p"
        for number in range(count):
            image = np.full((size, size, 3), number * 2, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode(None))
    return path


def numbers(frames: list[Frame]) -> list[int]:
    return [round((float(frame.image.mean()) + 0.6) / 2) for frame in frames]


# --- which pictures


@settings(max_examples=40)
@given(
    fps=st.floats(0.5, 40), start=st.floats(0, 5), length=st.floats(0.05, 4), rate=st.sampled_from([5, 12, 24, 25, 30]),
    offset=st.floats(0, 1),
)  # fmt: skip
def test_sampling_takes_the_first_picture_of_every_cell(
    fps: float, start: float, length: float, rate: int, offset: float
) -> None:
    times = (np.arange(int((start + length + 2) * rate)) / rate + offset).tolist()
    grid = Grid(fps, start, start + length)
    cell = {t: grid.cell(t) for t in times}
    taken = [t for t in times if grid.take(t)]
    cells = [cell[t] for t in taken]
    assert cells == sorted(set(cells)), "one picture a cell, in order"
    inside = [t for t in times if cell[t] is not None]
    assert {cell[t] for t in inside} == set(cells), "no cell that holds a picture is left out"
    assert all(start - 1e-5 <= t < start + length for t in taken)
    assert taken == [min(t for t in inside if cell[t] == number) for number in cells]
    assert len(taken) <= length * fps + 2


def test_three_pictures_a_second(tmp_path: Path) -> None:
    frames, _, _ = play(counting(tmp_path / "v.mp4", 50, 24))
    assert numbers(frames) == [0, 8, 16, 24, 32, 40, 48]
    assert [frame.time for frame in frames] == pytest.approx([n / 24 for n in numbers(frames)])


def test_a_part_of_a_file(tmp_path: Path) -> None:
    path = counting(tmp_path / "v.mp4", 120, 24, g="10")
    frames, _, _ = play(path, 3.0, 4.0)
    assert numbers(frames) == [72, 80, 88]
    assert [frame.time for frame in frames] == pytest.approx([0, 1 / 3, 2 / 3])
    assert numbers(play(path, 0.5, 1.0)[0]) == [12, 20]
    assert play(path, 100.0, 101.0)[0] == []


def test_few_pictures_are_all_taken_once(tmp_path: Path) -> None:
    frames, _, _ = play(counting(tmp_path / "v.mp4", 6, 2))
    assert numbers(frames) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("options", [{}, {"bf": "8", "b-pyramid": "none"}, {"preset": "ultrafast"}, {"refs": "1"}])
def test_leaving_pictures_undecoded_changes_nothing(
    tmp_path: Path, make: Any, options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def moving(t: float) -> list[tuple[float, float, float]]:
        return [(48 + 20 * np.sin(9 * t), 50, 25)]

    path = make.video(tmp_path / "v.mp4", seconds=4, fps=25, faces=moving, noise=6, options=options)
    fast, _, _ = play(path)
    monkeypatch.setattr(picture, "SKIPPING_CODECS", frozenset())
    slow, _, _ = play(path)
    assert [frame.time for frame in fast] == [frame.time for frame in slow] and len(fast) == 12
    assert all(np.array_equal(a.image, b.image) for a, b in zip(fast, slow, strict=True))


def test_unreferenced_pictures_are_really_left_out(tmp_path: Path, make: Any) -> None:
    path = make.video(tmp_path / "v.mp4", seconds=3, fps=25, noise=6, options={"bf": "3"})
    decoded: list[Any] = []

    class Counting(Grid):
        def take(self, time: float) -> bool:
            decoded.append(time)
            return super().take(time)

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        reader = picture.Picture(stream, 0.0, Counting(3.0, 0.0, 12.0))
        sampled = [frame for packet in container.demux(stream) if packet.size for frame in reader.push(packet)]
        sampled += list(reader.flush())
    assert len(sampled) == 9
    assert 9 <= len(decoded) < 60, "of 75"


# --- how they look


def test_rotation_is_undone(tmp_path: Path) -> None:
    upright = np.zeros((48, 96, 3), np.uint8)
    upright[:, :48] = 250
    path = tmp_path / "v.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 96, 48, "yuv420p"
        for _ in range(5):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(upright, format="rgb24")))
        out.mux(stream.encode(None))
    assert play(path)[0][0].image.shape == (48, 96, 3)
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40  # the matrix of the track header: here a quarter turn clockwise
    one = (1 << 16).to_bytes(4, "big")
    minus = (-(1 << 16)).to_bytes(4, "big", signed=True)
    zero = bytes(4)
    data[place : place + 20] = zero + one + zero + minus + zero
    path.write_bytes(data)
    (frame, *_), _, _ = play(path)
    assert frame.image.shape == (96, 48, 3)
    assert frame.image[:48].mean() > 200 and frame.image[48:].mean() < 50, "the left half is on top"


def test_large_pictures_are_scaled_down_and_say_so(tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "LONGEST_SIDE", 64)
    path = make.video(tmp_path / "v.mp4", seconds=0.5, size=(128, 96), faces=lambda _: [(64, 48, 30)])
    (frame, *_), _, _ = play(path)
    assert frame.image.shape == (48, 64, 3) and frame.scale == 2


def test_oblong_pixels_are_made_square(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 96, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = 2
        for _ in range(3):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 96, 3), np.uint8), format="rgb24")))
        out.mux(stream.encode(None))
    assert play(path)[0][0].image.shape == (48, 192, 3)


# --- sound


def test_sound_comes_at_16_khz_and_in_time(talking: Path) -> None:
    _, samples, first = play(talking)
    assert abs(first) < 100 and abs(len(samples) - RATE) < 0.1 * RATE
    middle = samples[4000:12_000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert spectrum.argmax() * RATE / len(middle) == pytest.approx(440, abs=3)
    assert middle.std() == pytest.approx(0.3 / np.sqrt(2), rel=0.05)


def test_a_part_of_the_sound_is_the_same_as_the_part_of_the_whole(tmp_path: Path, make: Any) -> None:
    signal = np.random.default_rng(0).normal(0, 0.1, 6 * RATE).astype(np.float32)
    path = make.wav(tmp_path / "a.wav", signal)
    _, part, first = play(path, 3.0, 4.5)
    assert first == 0 and np.array_equal(part, signal[3 * RATE : int(4.5 * RATE)])


def test_stereo_is_mixed(tmp_path: Path, make: Any) -> None:
    left = make.tone(0.5, RATE)
    _, samples, _ = play(make.wav(tmp_path / "a.wav", np.stack([left, -left], axis=1)))
    assert np.abs(samples).max() < 1e-6 and len(samples) == RATE // 2


def test_late_sound_stays_late() -> None:
    waveform = Waveform(2.0)
    waveform.add(Samples(8000, np.ones(100, np.float32)))
    waveform.add(Samples(8200, np.ones(100, np.float32)))
    first, samples = waveform.join()
    assert first == 8000 and len(samples) == 300
    assert samples[:100].all() and not samples[100:200].any() and samples[200:].all()


@given(st.lists(st.tuples(st.integers(-500, 2000), st.integers(0, 700)), max_size=6))
def test_a_waveform_stays_within_the_clip(pieces: list[tuple[int, int]]) -> None:
    waveform = Waveform(0.0625)
    for position, length in pieces:
        waveform.add(Samples(position, np.ones(length, np.float32)))
    first, samples = waveform.join()
    covered = {p for position, length in pieces for p in range(max(position, 0), min(position + length, 1000))}
    assert {first + int(i) for i in np.flatnonzero(samples)} == covered


def test_a_gap_in_the_sound_is_silence(tmp_path: Path) -> None:
    """Two stretches of tone with one second between them, as a live recording that lost packets."""
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for first in (0, 2 * RATE):
            frame = av.AudioFrame.from_ndarray(np.full((1, RATE), 9000, np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts = RATE, first
            for packet in stream.encode(frame):
                packet.pts = packet.dts = first
                out.mux(packet)
    _, samples, _ = play(path)
    assert len(samples) == 3 * RATE
    assert samples[:RATE].all() and samples[2 * RATE :].all() and not samples[RATE + 200 : 2 * RATE - 200].any()


# --- memory


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc to read the memory in use")
def test_memory_is_flat_in_the_length_of_the_video(tmp_path: Path, make: Any) -> None:
    path = make.video(
        tmp_path / "v.mp4", seconds=40, fps=3, size=(640, 360), faces=None, sound=40, options={"preset": "ultrafast"}
    )

    def growth(keep: bool) -> int:
        kept, early, late = [], 0, 0
        with Medium(path) as medium:
            for item in medium.play(Wanted(0.0, 60.0, 3.0, sound=True)):
                if isinstance(item, Frame):
                    early = max(early, resident()) if item.time < 10 else early
                    late = max(late, resident()) if item.time > 30 else late
                    if keep:
                        kept.append(item.image)
        return late - early

    assert growth(keep=False) < 15e6
    assert growth(keep=True) > 30e6, "negative control: pictures that are kept are seen"


# --- what is wrong


def refused(path: Path, **changes: Any) -> str:
    with pytest.raises(MediaError) as caught:
        play(path, **changes)
    assert str(path.parent) not in caught.value.reason, "reasons are the same on every machine"
    return caught.value.reason


def test_files_that_are_no_media(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.mp4") == "none.mp4: no such file"
    empty = tmp_path / "empty.mp4"
    empty.touch()
    assert refused(empty) == "empty.mp4 is empty (0 bytes)"
    text = tmp_path / "text.mp4"
    text.write_text("Dear diary,\n" * 100)
    assert refused(text).startswith("text.mp4 is not a video or sound file")
    (tmp_path / "folder.mp4").mkdir()
    assert "no such file" in refused(tmp_path / "folder.mp4")


def test_playlists_are_not_followed(tmp_path: Path, talking: Path) -> None:
    (tmp_path / "secret.mp4").write_bytes(talking.read_bytes())
    for name, text in (
        ("list.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nsecret.mp4\n#EXT-X-ENDLIST\n"),
        ("list.mkv", "ffconcat version 1.0\nfile secret.mp4\n"),
    ):
        path = tmp_path / name
        path.write_text(text)
        assert "not a video or sound file" in refused(path)


def test_a_file_cut_off(tmp_path: Path, make: Any) -> None:
    options = {"movflags": "faststart"}
    path = make.video(tmp_path / "v.mp4", seconds=3, fps=12, noise=9, container=options)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "cut off" in refused(path)
    late = make.video(tmp_path / "w.mp4", seconds=3, fps=12, noise=9)
    late.write_bytes(late.read_bytes()[: len(whole) // 2])
    assert "cut off or damaged" in refused(late)
    assert len(play(path, 0.0, 0.5)[0]) == 2, "the part that is there can be used"


def test_a_damaged_picture(tmp_path: Path, make: Any) -> None:
    path = make.video(tmp_path / "v.mp4", seconds=2, fps=12, noise=9, container={"movflags": "faststart"})
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 600
    data[start:] = bytes(len(data) - start)
    path.write_bytes(data)
    assert "damaged" in refused(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_sound_that_is_not_numbers(tmp_path: Path, make: Any, value: float) -> None:
    samples = make.tone(1.0, RATE)
    samples[8000] = value
    assert "not numbers" in (said := refused(make.wav(tmp_path / "a.wav", samples)))
    assert float(said.split("first at ")[1].split(" s")[0]) == pytest.approx(0.5, abs=0.1)


def test_pictures_too_large(tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make.video(tmp_path / "v.mp4", seconds=0.5)
    monkeypatch.setattr(picture, "LARGEST_PIXELS", 96 * 96 - 1)
    assert refused(path).startswith("the picture is too large: 96x96")


def test_a_header_that_lies_about_its_size(tmp_path: Path) -> None:
    """A kilobyte that claims a picture of 16 gigapixels, as zip bombs do."""
    path = tmp_path / "bomb.avi"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("rawvideo", rate=5)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "bgr24"
        out.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="bgr24")))
        out.mux(stream.encode(None))
    data = bytearray(path.read_bytes())
    place = data.index(b"strf") + 12
    data[place : place + 8] = (128_000).to_bytes(4, "little") * 2
    path.write_bytes(data)
    began = resident()
    assert refused(path)
    assert resident() - began < 200e6


def test_a_deadline_ends_it(talking: Path) -> None:
    with Medium(talking, deadline=time.monotonic() - 1) as medium, pytest.raises(MediaError, match="too long"):
        list(medium.play(Wanted(0.0, 9.0, 3.0, sound=True)))


def test_the_cover_of_a_song_is_no_video(tmp_path: Path, make: Any) -> None:
    path = tmp_path / "song.mp3"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mp3", rate=RATE, layout="mono")
        for first in range(0, RATE, 1152):
            part = make.tone(1.0, RATE)[first : first + 1152]
            frame = av.AudioFrame.from_ndarray(part[None], format="fltp", layout="mono")
            frame.sample_rate = RATE
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    frames, samples, _ = play(path)
    assert frames == [] and len(samples) > 0.9 * RATE
    assert abs(len(play(path, 0.0, 0.5)[1]) - RATE / 2) < 2


def test_reading_on_can_fail(talking: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def demux(self, *_: Any) -> Iterator[Any]:
            raise av.error.InvalidDataError(1, "as if the disk were gone", "x")
            yield

        def close(self) -> None:
            pass

    with Medium(talking) as medium:
        monkeypatch.setattr(medium, "container", Broken())
        with pytest.raises(MediaError, match=r"talking.mp4 cannot be read on: as if the disk"):
            list(medium._packets([]))


def test_damaged_sound(tmp_path: Path, talking: Path) -> None:
    """Packets of AAC overwritten: a few are passed over, many are not."""
    data = bytearray(talking.read_bytes())
    with av.open(str(talking)) as container:
        places = [(p.pos, p.size) for p in container.demux(audio=0) if p.pos]
    few, many = tmp_path / "few.mp4", tmp_path / "many.mp4"
    for path, count in ((few, 1), (many, 20)):
        for place, size in places[5 : 5 + count]:
            data[place : place + size] = b"\xff" * size
        path.write_bytes(data)
    assert len(play(few)[1]) == pytest.approx(RATE, rel=0.1)
    assert "the sound is damaged" in refused(many)


def test_a_seek_that_fails_reads_from_the_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = counting(tmp_path / "v.mp4", 72, 24)

    class Stubborn:
        def __init__(self, real: Any) -> None:
            self.real = real

        def __getattr__(self, name: str) -> Any:
            return getattr(self.real, name)

        def seek(self, offset: int, **_: Any) -> None:
            if offset:
                raise av.error.PermissionError(1, "no", "x")
            self.real.seek(0)

    with Medium(path) as medium:
        monkeypatch.setattr(medium, "container", Stubborn(medium.container))
        frames = [item for item in medium.play(Wanted(2.5, 3.0, 3.0, sound=False)) if isinstance(item, Frame)]
    assert numbers(frames) == [60, 68]


def test_nothing_wanted_is_nothing(talking: Path) -> None:
    with Medium(talking) as medium:
        assert list(medium.play(Wanted(0.0, 1.0, None, sound=False))) == []
        assert medium.seconds == pytest.approx(1, abs=0.1)


def test_sizes_that_change_on_the_way_are_checked(tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make.video(tmp_path / "v.mp4", seconds=0.5)
    real = picture._check_size
    seen: list[tuple[int, int]] = []
    monkeypatch.setattr(picture, "_check_size", lambda w, h: (seen.append((w, h)), real(w, h)))
    play(path)
    assert seen == [(96, 96)] * 3, "once by the header, and at each of the two pictures"


def test_sound_that_begins_late_is_not_moved(tmp_path: Path, make: Any) -> None:
    """The way phones write what was recorded before the microphone was on."""
    from emoprism.media.prepare import PrepareOptions, process_clip
    from emoprism.types import AUDIO, Clip

    path = tmp_path / "v.mkv"
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=10)
        video.width, video.height, video.pix_fmt = 96, 96, "yuv420p"
        sound = out.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for _ in range(20):
            out.mux(video.encode(av.VideoFrame.from_ndarray(make.picture((96, 96), []), format="rgb24")))
        out.mux(video.encode(None))
        frame = av.AudioFrame.from_ndarray(np.full((1, RATE), 9000, np.int16), format="s16", layout="mono")
        frame.sample_rate = RATE
        for packet in sound.encode(frame):
            packet.pts = packet.dts = 800
            packet.time_base = Fraction(1, 1000)
            out.mux(packet)
    _, samples, first = play(path)
    assert first == pytest.approx(0.8 * RATE, abs=20) and len(samples) == RATE
    done = process_clip(Clip("x", {}, video=path, audio=path), PrepareOptions())
    assert done.times[AUDIO][0] == pytest.approx(0.8 + 0.0125, abs=0.002)
