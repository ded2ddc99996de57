"""What the split auditor finds, what it accuses wrongly, and how fast it is.

    python benchmarks/split_audit.py [--takes RAVDESS] [--others FOLDER ...] [--clips 160] [--scale 10000] [--workers 2]

`--takes` is a folder of RAVDESS's speech recordings: copies are made of its clips, and its repetitions (the same
actor, sentence, emotion and intensity, said once more) are the hardest recordings that must not match. `--others` are
folders of recordings all of which are different. Without folders all of it is done on the embedded corpus's speech,
which the benchmark synthesises.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile
import soxr

from emoprism.media.audio import log_mel
from emoprism.puppets.emotions import Prosody
from emoprism.puppets.people import draw_people
from emoprism.puppets.plan import Microphone
from emoprism.puppets.speech import RATE, speak
from emoprism.split_audit.audit import Asked, audit_listing
from emoprism.split_audit.chance import Threshold, dependence, independent_bits
from emoprism.split_audit.files import Excerpt, HeardFile, hear_files
from emoprism.split_audit.index import Library
from emoprism.split_audit.listing import Labels, Listing
from emoprism.split_audit.matching import compare, find_matches
from emoprism.split_audit.prints import Fingerprint, describe
from emoprism.workers import usable_cores

SEED = 0


def encoded(samples: np.ndarray, codec: str, container: str, bits: int) -> np.ndarray:
    """To a lossy codec and back."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=RATE, layout="mono")
        stream.codec_context.bit_rate = bits
        frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    file.seek(0)
    with av.open(file) as back:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        frames = [piece for frame in back.decode(audio=0) for piece in resampler.resample(frame)]
        return np.concatenate([piece.to_ndarray().ravel() for piece in (*frames, *resampler.resample(None))])


def trimmed(samples: np.ndarray, rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    """Some seconds cut off at both ends."""
    before, after = (round(float(cut) * RATE) for cut in rng.uniform(low, high, 2))
    return samples[before : len(samples) - after]


def noisy(samples: np.ndarray, rng: np.random.Generator, decibels: float) -> np.ndarray:
    """White noise added at a signal-to-noise ratio."""
    power = float(np.mean(np.square(samples))) * 10 ** (-decibels / 10)
    return samples + rng.normal(0, np.sqrt(power), len(samples))


def excerpt(samples: np.ndarray, seconds: float) -> np.ndarray:
    """Seconds around the middle."""
    middle = len(samples) // 2
    return samples[max(middle - round(seconds * RATE / 2), 0) : middle + round(seconds * RATE / 2)]


COPIES = {
    "mp3, 64 kbit/s": lambda x, _: encoded(x, "libmp3lame", "mp3", 64_000),
    "mp3, 32 kbit/s": lambda x, _: encoded(x, "libmp3lame", "mp3", 32_000),
    "mp3, 16 kbit/s": lambda x, _: encoded(x, "libmp3lame", "mp3", 16_000),
    "aac, 32 kbit/s": lambda x, _: encoded(x, "aac", "adts", 32_000),
    "trimmed by 0.2 to 0.5 s at both ends": lambda x, rng: trimmed(x, rng, 0.2, 0.5),
    "12 dB quieter": lambda x, _: 10 ** (-12 / 20) * x,
    "to 8 kHz and back": lambda x, _: soxr.resample(soxr.resample(x, RATE, 8000), 8000, RATE),
    "trimmed, 12 dB quieter, mp3 32 kbit/s": lambda x, rng: encoded(
        10 ** (-12 / 20) * trimmed(x, rng, 0.2, 0.5), "libmp3lame", "mp3", 32_000
    ),
    "white noise, 30 dB below": lambda x, rng: noisy(x, rng, 30),
    "white noise, 20 dB below": lambda x, rng: noisy(x, rng, 20),
    "white noise, 10 dB below": lambda x, rng: noisy(x, rng, 10),
    "1 % faster": lambda x, _: soxr.resample(x, RATE * 1.01, RATE),
    "5 % faster": lambda x, _: soxr.resample(x, RATE * 1.05, RATE),
    "the middle 2 s": lambda x, _: excerpt(x, 2.0),
    "the middle 1 s": lambda x, _: excerpt(x, 1.0),
    "the middle 0.7 s": lambda x, _: excerpt(x, 0.7),
    "the middle 0.5 s": lambda x, _: excerpt(x, 0.5),
    "the middle 1 s, mp3 32 kbit/s": lambda x, _: encoded(excerpt(x, 1.0), "libmp3lame", "mp3", 32_000),
}


def synthetic(count: int) -> list[np.ndarray]:
    """Clips of the embedded corpus's voices."""
    people = draw_people(24, SEED)
    room = Microphone(gain=0.0, noise=-55.0, room=0.1, wet=0.1)
    made: list[np.ndarray] = []
    for number in range(count):
        voice = people[number % len(people)].voice
        made.append(speak(voice, Prosody(), voice.f0, room, 3.5, np.random.default_rng([SEED, number])).sound)
    return made


def fingerprint(samples: np.ndarray) -> Fingerprint:
    """Of sound at 16 kHz."""
    return describe(log_mel(samples.astype(np.float32))).fingerprint


def print_recall(names: list[str], sounds: list[np.ndarray], prints: list[Fingerprint], count: int) -> None:
    """A line for each kind of copy: how many were found, and how many other pairs were accused beside them."""
    rng = np.random.default_rng(SEED)
    picked = sorted(rng.choice(len(sounds), min(count, len(sounds)), replace=False).tolist())
    known = {(match.first, match.second) for match in find_matches(prints)}
    print(f"\ncopies of {len(picked)} clips among {len(prints)}: found, wrong pairs, bit error rate of those found")
    for name, change in COPIES.items():
        copies = [fingerprint(np.asarray(change(sounds[place], rng))) for place in picked]
        found = [m for m in find_matches([*prints, *copies]) if (m.first, m.second) not in known]
        right = [m for m in found if m.second >= len(prints) and m.first == picked[m.second - len(prints)]]
        wrong = [m for m in found if m not in right and not _of_known(m.first, m.second - len(prints), picked, known)]
        error = f"{np.median([m.error for m in right]):.3f}" if right else "  -"
        print(f"  {name:<40} {len(right) / len(picked):7.1%}  {len(wrong):3d}  {error}")
        for match in wrong[:3]:
            print(f"    wrong: {names[match.first]} and place {match.second}, {match.error:.3f}")


def _of_known(first: int, copy: int, picked: list[int], known: set[tuple[int, int]]) -> bool:
    """Whether a copy matched the other clip of a pair that is the same recording to begin with."""
    return copy >= 0 and tuple(sorted((first, picked[copy]))) in known


def every_shift(one: Fingerprint, other: Fingerprint) -> tuple[float, float]:
    """Lowest bit error rate over all shifts at which half of the shorter sound overlaps; independent bits there."""
    library = Library.of([one, other])
    shifts = np.arange(-len(one.words) + 1, len(other.words), dtype=np.int64)
    first = np.zeros(len(shifts), dtype=np.int64)
    found = compare(library, first, first + 1, shifts)
    enough = found.steps >= 0.5 * min(one.sounding.sum(), other.sounding.sum())
    surprise = np.where(enough, (0.5 * found.bits - found.differ) / np.sqrt(np.maximum(found.bits, 1)), -np.inf)
    best = int(surprise.argmax())
    bits = int(found.bits[best])
    return float(found.differ[best] / bits), independent_bits(bits, dependence(one), dependence(other))


def takes(names: list[str]) -> Iterator[tuple[int, int]]:
    """RAVDESS: repetition 1 and repetition 2 of the same, by place."""
    place = {name: i for i, name in enumerate(names)}
    for name, i in place.items():
        parts = name.split("-")
        twin = "-".join([*parts[:5], "02", *parts[6:]])
        if parts[5] == "01" and twin in place:
            yield i, place[twin]


def print_retakes(names: list[str], prints: list[Fingerprint], digests: list[str | None]) -> None:
    """Bit error rates of two takes of the same words, over all shifts, index or not."""
    for what, low, high in (("calibration, actors 1-12", 1, 12), ("held out, actors 13-24", 13, 24)):
        pairs = [(a, b) for a, b in takes(names) if low <= int(names[a].split("-")[6]) <= high]
        equal = [(a, b) for a, b in pairs if digests[a] == digests[b]]
        rows = np.array([every_shift(prints[a], prints[b]) for a, b in pairs if (a, b) not in equal])
        beyond = float(np.sqrt(max(rows[:, 0].var() - (0.25 / rows[:, 1]).mean(), 0)))
        limit = Threshold(Library.of(prints).comparisons()).at(rows[:, 1])
        print(f"\ntwo takes of the same words, {what}: {len(rows)} pairs, all shifts")
        print(f"  bit error rate: mean {rows[:, 0].mean():.3f}, spread beyond noise {beyond:.3f}", end="")
        print(f", lowest {rows[:, 0].min():.3f}; thresholds {limit.min():.3f} to {limit.max():.3f}")
        print(f"  below their threshold: {int((rows[:, 0] <= limit).sum())}")
        for a, b in equal:
            print(f"  left out: {names[a]} and {names[b]} are the same recording to the bit")


def print_negatives(what: str, names: list[str], prints: list[Fingerprint]) -> None:
    """Pairs that are found among recordings that were not copied."""
    began = time.perf_counter()
    found = find_matches(prints)
    took = time.perf_counter() - began
    pairs = len(prints) * (len(prints) - 1) // 2
    print(f"\n{what}: {len(prints)} clips, {pairs} pairs in {took:.1f} s; called copies: {len(found)}")
    for match in found[:5]:
        print(f"  {names[match.first]} and {names[match.second]}: bit error rate {match.error:.3f}")


def print_speed(paths: list[Path], workers: int) -> None:
    """From files to fingerprints, the start of the processes included and left out."""
    began = time.perf_counter()
    heard = [found for _, found in hear_files([Excerpt(path) for path in paths], 60.0, workers)]
    took = time.perf_counter() - began
    seconds = sum(found.seconds for found in heard if isinstance(found, HeardFile))
    print(
        f"\nfingerprints of {len(paths)} files, {seconds:.0f} s, in {took:.1f} s: {seconds / took:.0f}x real time",
        end="",
    )
    print(f" ({workers} processes, their start included)")


def print_scale(log_mels: list[np.ndarray], clips: int) -> None:
    """Matching of many clips: those there are at speeds 6 % apart, forwards and backwards, which are no copies."""
    many: list[Fingerprint] = []
    for number in range(clips):
        turn, place = divmod(number, len(log_mels))
        own = log_mels[place][:: -1 if turn % 2 else 1]
        steps = np.arange(0, len(own) - 1, 1.06 ** (turn // 2 - 6))
        low = steps.astype(np.int64)
        part = (steps - low).astype(np.float32)[:, None]
        many.append(describe(own[low] * (1 - part) + own[low + 1] * part).fingerprint)
    began = time.perf_counter()
    found = find_matches(many)
    took = time.perf_counter() - began
    pairs = clips * (clips - 1) // 2
    seconds = Library.of(many).lengths.sum() / 100
    print(f"\nmatching {clips} clips, {seconds:.0f} s, {pairs} pairs: {took:.1f} s; called copies: {len(found)}")


def print_metadata(count: int) -> None:
    """A list of clips without sound."""
    rng = np.random.default_rng(SEED)
    sides = tuple(rng.choice(["train", "validation", "test", "unseen"], count).tolist())
    words = {"speaker": 2000, "source": 20_000, "sentence": 5000, "session": 300, "emotion": 8}
    labels = {name: Labels.of([f"w{i}" for i in rng.integers(n, size=count)]) for name, n in words.items()}
    numbers = {name: rng.random(count) for name in ("seconds", "leading", "trailing", "silent", "level")}
    listing = Listing(tuple(f"clip{i}" for i in range(count)), sides, labels, numbers)
    began = time.perf_counter()
    audit_listing(listing, None, Asked())
    print(f"\nmetadata and shortcuts of {count} clips: {time.perf_counter() - began:.1f} s")


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--takes", type=Path)
    parser.add_argument("--others", type=Path, nargs="*", default=[])
    parser.add_argument("--clips", type=int, default=160)
    parser.add_argument("--scale", type=int, nargs="*", default=[10_000])
    parser.add_argument("--workers", type=int, default=usable_cores())
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.takes is None:
            paths = [Path(folder) / f"{number:04d}.flac" for number in range(240)]
            for path, samples in zip(paths, synthetic(len(paths)), strict=True):
                soundfile.write(path, samples, RATE)
        else:
            paths = sorted(given.takes.glob("03-01-*.*"))
        names = [path.stem for path in paths]
        sounds = [soundfile.read(path, dtype="float32")[0] for path in paths]
        log_mels = [log_mel(samples) for samples in sounds]
        described = [describe(one) for one in log_mels]
        prints = [own.fingerprint for own in described]
        print_speed(paths, given.workers)
    print_negatives("recordings as they are", names, prints)
    for other in given.others:
        files = sorted(other.glob("*.*"))
        print_negatives(str(other.name), [f.stem for f in files], [fingerprint(soundfile.read(f)[0]) for f in files])
    if given.takes is not None:
        print_retakes(names, prints, [own.digest for own in described])
    print_recall(names, sounds, prints, given.clips)
    for count in given.scale:
        print_scale(log_mels, count)
    print_metadata(100_000)


if __name__ == "__main__":
    main()
