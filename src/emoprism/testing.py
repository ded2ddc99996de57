"""The public contract suites: run them on a plug-in of your own, as the project does on each of its plug-ins.

Every function returns where the plug-in keeps the contract of its family, and otherwise raises AssertionError with the
sentence of the contract that it breaks. They need no test framework::

    from emoprism.testing import check_splitter
    check_splitter("my_split", speaker="who")
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

    from emoprism.corpora.base import Corpus
    from emoprism.disentangle.base import Disentangler
    from emoprism.models.base import Batch, Model, Stream
    from emoprism.models.encoders.base import Encoder
    from emoprism.plugins import Family
    from emoprism.splits.base import Unit
    from emoprism.types import Clip, StreamSpec


def check_plugin(family: Family[Any], name: str) -> None:
    """What holds of the file of any plug-in: found by name, documented, and options that are typed and default well."""
    plugin = family.find(name)
    assert plugin.__doc__ and plugin.__doc__.strip(), f"{name}: the class has a docstring"
    for parameter in inspect.signature(plugin).parameters.values():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            assert parameter.annotation is not inspect.Parameter.empty, f"{name}: option {parameter.name} has a type"
            assert parameter.default is not inspect.Parameter.empty, f"{name}: option {parameter.name} has a default"
    _, problems = family.validate(name, {}, name)
    assert not problems, f"{name}: its defaults are legal options: {problems}"
    _, problems = family.validate(name, {"no_such_option": 1}, name)
    assert problems, f"{name}: an unknown option is refused"


def check_corpus(name: str, root: Path, **options: Any) -> None:
    """A corpus adapter, on a folder it can read: ids, labels, files, times and splits of its clips are sound."""
    from emoprism.recipe import CORPORA

    check_plugin(CORPORA, name)
    corpus: Corpus = CORPORA.make(name, root, options=options)
    assert corpus.citation and corpus.licence, f"{name}: says whom to cite, and what the data may be used for"
    clips = corpus.clips()
    assert clips, f"{name}: finds clips in {root}"
    ids = [clip.id for clip in clips]
    assert ids == sorted(set(ids)), f"{name}: clips are ordered by id, ids are unique"
    for clip in clips:
        _check_clip(clip)
    _check_sides([(clip.labels.get("speaker"), clip.split) for clip in clips])
    again: Corpus = CORPORA.make(name, root, options=options)
    assert list(again.clips()) == list(clips), f"{name}: the same folder gives the same clips"


def _check_clip(clip: Clip) -> None:
    from emoprism.types import SPLITS

    files = [clip.video, clip.audio, *(source.path for source in clip.features.values())]
    assert any(files), f"{clip.id}: has a picture, a sound or features"
    assert all(path is None or path.is_file() for path in files), f"{clip.id}: its files exist: {files}"
    words = [*clip.labels, *clip.labels.values()]
    assert all(word and word == " ".join(word.split()) for word in words), f"{clip.id}: labels are words of one line"
    assert clip.start is None or clip.start >= 0, f"{clip.id}: starts within its file"
    assert clip.end is None or clip.end > (clip.start or 0.0), f"{clip.id}: ends after its start"
    assert clip.split is None or clip.split in SPLITS, f"{clip.id}: its split is one of {SPLITS}"
    assert clip.origin, f"{clip.id}: says where it is declared"


def check_splitter(name: str, units: Sequence[Unit] | None = None, **options: Any) -> None:
    """A splitter, on `units` or an example of 12 speakers: a function of clips, options and seed that leaks nobody."""
    from emoprism.recipe import SPLITTERS
    from emoprism.splits.base import Splitter
    from emoprism.types import SPLITS, TRAIN

    check_plugin(SPLITTERS, name)
    splitter: Splitter = SPLITTERS.make(name, options=options)
    units = example_units() if units is None else units
    speakers = {unit.id: unit.labels.get(options.get("speaker", "speaker")) for unit in units}
    for seed in (0, 1, 2):
        sides = splitter.split(units, seed)
        assert set(sides) <= set(speakers), f"{name}: invents no clip"
        assert set(sides.values()) <= set(SPLITS), f"{name}: sides are of {SPLITS}"
        assert TRAIN in sides.values(), f"{name}: leaves something to train on"
        _check_sides([(speakers[clip], side) for clip, side in sides.items()])
        shuffled = random.Random(seed).sample(list(units), len(units))
        again: Splitter = SPLITTERS.make(name, options=options)
        assert again.split(shuffled, seed) == sides, f"{name}: the order of the clips does not matter"


def _check_sides(pairs: Sequence[tuple[str | None, str | None]]) -> None:
    """(speaker, side) of all clips: unseen speakers are in no other split, tested ones are in train."""
    from emoprism.types import TEST, TRAIN, UNSEEN, VALIDATION

    sides: dict[str, set[str]] = {}
    for speaker, side in pairs:
        if speaker is not None and side is not None:
            sides.setdefault(speaker, set()).add(side)
    for speaker, found in sides.items():
        assert UNSEEN not in found or found == {UNSEEN}, f"{speaker}: an unseen speaker is in no other split"
        assert not found & {TEST, VALIDATION} or TRAIN in found, f"{speaker}: a tested speaker is in train"


def example_units(speakers: int = 12, per_emotion: int = 6) -> list[Unit]:
    """Clips of an even corpus: speakers of two genders, five emotions, the last third of the speakers given unseen."""
    from emoprism.splits.base import Unit
    from emoprism.types import EMOTION, SPEAKER, TEST, TRAIN, UNSEEN

    units: list[Unit] = []
    for speaker in range(speakers):
        for emotion in ("angry", "happy", "neutral", "other", "sad"):
            for take in range(per_emotion):
                labels = {SPEAKER: f"s{speaker:02d}", EMOTION: emotion, "gender": ("female", "male")[speaker % 2]}
                given = UNSEEN if speaker >= speakers * 2 // 3 else TEST if take == 0 else TRAIN
                units.append(Unit(f"s{speaker:02d}-{emotion}-{take}", labels, given))
    return units


LENGTHS = (7, 4, 0, 1, 6, 7)
"""Valid steps of the clips of the example batches: full, padded, missing altogether, a single step."""


def example_stream(
    shape: Sequence[int], padding: int = 0, *, lengths: Sequence[int] = LENGTHS, seed: int = 0
) -> Stream:
    """A stream of clips of these lengths, steps of this shape (bytes for images), the same whatever the padding.

    Padded places hold what must never count: NaN in vectors, 255 in images.
    """
    import torch

    from emoprism.models.base import Stream

    longest = max(1, *lengths)
    generator = torch.Generator().manual_seed(seed)
    size, mask = (len(lengths), longest, *shape), torch.arange(longest + padding) < torch.tensor(lengths)[:, None]
    if len(shape) == 3:
        real = torch.randint(0, 256, size, generator=generator, dtype=torch.uint8)
        values = torch.full((len(lengths), longest + padding, *shape), 255, dtype=torch.uint8)
    else:
        real = torch.randn(size, generator=generator)
        values = torch.full((len(lengths), longest + padding, *shape), torch.nan)
    values[mask] = real[mask[:, :longest]]
    return Stream(values, mask)


def check_encoder(name: str, **options: Any) -> None:
    """An encoder, on each kind of stream that it reads (face crops, feature vectors): what is real alone counts."""
    from emoprism.recipe import ENCODERS
    from emoprism.types import StreamSpec

    check_plugin(ENCODERS, name)
    readable = 0
    for shape in ((224, 224, 3), (40,)):
        make = partial(_seeded, ENCODERS, name, StreamSpec(shape), options=options)
        try:
            encoder: Encoder = make()
        except ValueError as error:
            assert str(error), f"{name}: says in words why it cannot read steps of shape {shape}"
            continue
        readable += 1
        side = encoder.image_size
        assert (side is not None) == (len(shape) == 3), f"{name}: image_size is set just where it reads images"
        _check_encoder(name, make, (side, side, 3) if side is not None else shape)
    assert readable, f"{name}: reads face crops or feature vectors"


def _check_encoder(name: str, make: partial[Any], shape: Sequence[int]) -> None:
    def encode(encoder: Encoder, stream: Stream) -> Tensor:
        return encoder(stream)

    stream = example_stream(shape)
    for training in (True, False):
        out = encode(make().train(training), stream)
        assert out.shape == (len(LENGTHS), make().width), f"{name}: gives [B, width]"
        assert bool(out.isfinite().all()), f"{name}: is finite"
        assert not bool(out[LENGTHS.index(0)].any()), f"{name}: a clip without the stream gets zeros"
        padded = encode(make().train(training), example_stream(shape, padding=5))
        _same(padded, out, f"{name}: padding changes nothing (training={training})")
    _check_alone(name, make().eval(), partial(encode), stream)
    encoder = make()
    nothing = encode(encoder.train(), example_stream(shape, lengths=(0, 0)))
    assert not bool(nothing.any()), f"{name}: a batch without the stream gets zeros"
    assert all(bool(t.isfinite().all()) for t in encoder.state_dict().values()), f"{name}: and leaves its state finite"
    assert bool(encode(encoder, example_stream(shape, lengths=(1,))).isfinite().all()), f"{name}: one step is enough"
    _check_gradients(name, encoder, encode(encoder, stream).square().sum())


def check_model(name: str, streams: Mapping[str, StreamSpec] | None = None, **options: Any) -> None:
    """A model, on `streams` or on faces, log-mels and action units: embeddings that depend on their own clip alone."""
    from emoprism.recipe import MODELS
    from emoprism.types import AUDIO, FACE, StreamSpec

    check_plugin(MODELS, name)
    usual = {FACE: StreamSpec((224, 224, 3)), AUDIO: StreamSpec((40,)), "action_units": StreamSpec((35,))}
    make = partial(_seeded, MODELS, name, usual if streams is None else dict(streams), EXAMPLE_CLASSES, options=options)
    model: Model = make()
    assert set(model.attributes) <= set(EXAMPLE_CLASSES), f"{name}: embeds attributes of the corpus"
    side = model.image_size
    shapes = {
        stream: (side, side, 3) if side is not None and len(spec.shape) == 3 else spec.shape
        for stream, spec in model.streams.items()
    }
    _check_model(name, make, shapes)
    batch = _example_batch({s: example_stream(shape, seed=i) for i, (s, shape) in enumerate(shapes.items())})
    _check_gradients(name, model, model.heads.loss(model.train()(batch), batch.labels))


def _check_model(name: str, make: partial[Any], shapes: Mapping[str, Sequence[int]]) -> None:
    def streams(padding: int = 0, *, missing: str = "") -> dict[str, Stream]:
        lengths = {stream: (0,) * len(LENGTHS) if stream == missing else LENGTHS[i:] + LENGTHS[:i]
                   for i, stream in enumerate(shapes)}  # fmt: skip
        return {s: example_stream(shapes[s], padding, lengths=lengths[s]) for s in shapes}

    model: Model = make()
    for training in (True, False):
        out = make().train(training).embed(streams())
        padded = make().train(training).embed(streams(padding=5))
        for attribute, width in model.dimensions.items():
            assert out[attribute].shape == (len(LENGTHS), width), f"{name}: dimensions are those of the embeddings"
            _same(padded[attribute], out[attribute], f"{name}: padding changes nothing (training={training})")
        logits = model.heads(out)
        for attribute, values in logits.items():
            assert values.shape == (len(LENGTHS), EXAMPLE_CLASSES[attribute]), f"{name}: a logit per class"
        for gone in shapes:
            lacking = make().train(training).embed(streams(missing=gone))
            assert all(bool(v.isfinite().all()) for v in lacking.values()), f"{name}: works without the stream '{gone}'"
    for attribute in model.attributes:
        _check_alone(name, make().eval(), partial(_embed_one, attribute), streams())


def _embed_one(attribute: str, model: Model, streams: Mapping[str, Stream]) -> Tensor:
    return model.embed(streams)[attribute]


def _check_alone(name: str, network: nn.Module, run: partial[Tensor], batch: Stream | Mapping[str, Stream]) -> None:
    """In evaluation a clip's row depends on that clip alone: not on its place, nor on its company."""
    import torch

    with torch.no_grad():
        together = run(network, batch)
        _same(run(network, batch), together, f"{name}: the same input gives the same output")
        backwards = list(reversed(range(len(together))))
        _same(run(network, _rows(batch, backwards)), together[backwards], f"{name}: the order of clips does not matter")
        for row in range(len(together)):
            alone = run(network, _rows(batch, [row]))
            _same(alone[0], together[row], f"{name}: in evaluation a clip does not depend on the others of its batch")


def _rows(batch: Stream | Mapping[str, Stream], rows: list[int]) -> Stream | dict[str, Stream]:
    from emoprism.models.base import Stream

    if isinstance(batch, Stream):
        return Stream(batch.values[rows], batch.mask[rows])
    return {name: Stream(stream.values[rows], stream.mask[rows]) for name, stream in batch.items()}


def _seeded(family: Family[Any], name: str, *house: Any, options: Mapping[str, Any]) -> Any:
    import torch

    torch.manual_seed(0)
    return family.make(name, *house, options=options)


def _same(one: Tensor, other: Tensor, sentence: str) -> None:
    tolerance = 1e-4 * (1 + other.abs().max())  # float32, summed in another order
    assert one.shape == other.shape and bool((one - other).abs().max() < tolerance), sentence


def _check_gradients(name: str, network: nn.Module, loss: Tensor) -> None:
    loss.backward()
    for key, parameter in network.named_parameters():
        gradient = parameter.grad
        assert gradient is not None, f"{name}: the parameter {key} takes part"
        assert bool(gradient.isfinite().all()), f"{name}: the gradient of {key} is finite"


EXAMPLE_CLASSES: Mapping[str, int] = {"emotion": 3, "speaker": 4}


def _example_batch(streams: Mapping[str, Stream], epoch: int = 0) -> Batch:
    import torch

    from emoprism.models.base import Batch

    labels = {"emotion": torch.tensor([0, 1, 2, 0, -1, 1]), "speaker": torch.tensor([0, 0, 1, 1, 3, -1])}
    return Batch(streams, labels, epoch)


def check_disentangler(name: str, **options: Any) -> None:
    """A method, on a small multitask model: playable on any batch, everybody moves, and only movers change."""
    from emoprism.recipe import DISENTANGLERS

    check_plugin(DISENTANGLERS, name)
    batch = _example_batch({"vectors": example_stream((5,))})
    unlabelled = _relabelled(batch, -1)
    for case in (batch, unlabelled, _relabelled(batch, 0)):
        _check_moves(name, options, case)
    assert _play(name, options, batch) == _play(name, options, batch), f"{name}: the same seed plays the same game"
    for attributes in (["emotion"], ["speaker"]):
        try:
            _small_game(name, options, attributes)
        except ValueError as error:
            assert str(error), f"{name}: says in words why a model that embeds {attributes} makes no sense to it"


def _check_moves(name: str, options: Mapping[str, Any], batch: Batch) -> None:
    """Every move of two epochs changes nobody but its movers, and every owner has moved in the end."""
    from dataclasses import replace

    import torch

    model, method = _small_game(name, options, list(EXAMPLE_CLASSES))
    owners = {owner: list(module.parameters()) for owner, module in method.players(model).items()}
    moved: set[str] = set()
    for epoch in (0, 1):
        for move in method.moves(model, replace(batch, epoch=epoch)):
            assert bool(move.loss.isfinite()), f"{name}: the loss '{move.name}' is finite"
            assert set(move.by) <= owners.keys(), f"{name}: movers are among its players"
            movers = [p for owner in move.by for p in owners[owner]]
            gradients = torch.autograd.grad(move.loss, movers, allow_unused=True)
            assert any(g is not None for g in gradients), f"{name}: '{move.name}' reaches its movers"
            assert all(g is None or bool(g.isfinite().all()) for g in gradients), f"{name}: gradients are finite"
            moved |= set(move.by)
    assert moved == owners.keys(), f"{name}: every owner moves within two epochs"
    assert all(p.requires_grad for own in owners.values() for p in own), f"{name}: switches no requires_grad"
    assert all(p.grad is None for own in owners.values() for p in own), f"{name}: leaves gradients to the game"


def _relabelled(batch: Batch, label: int) -> Batch:
    from dataclasses import replace

    return replace(batch, labels={name: values.new_full(values.shape, label) for name, values in batch.labels.items()})


def _small_game(name: str, options: Mapping[str, Any], attributes: Iterable[str]) -> tuple[Model, Disentangler]:
    import torch

    from emoprism.recipe import DISENTANGLERS, MODELS
    from emoprism.types import StreamSpec

    torch.manual_seed(0)
    embeddings = dict.fromkeys(attributes, 6)
    house = {"vectors": StreamSpec((5,))}, EXAMPLE_CLASSES
    model: Model = MODELS.make("multitask", *house, options={"embeddings": embeddings})
    return model, DISENTANGLERS.make(name, model.dimensions, EXAMPLE_CLASSES, options=options)


def _play(name: str, options: Mapping[str, Any], batch: Batch) -> list[dict[str, float]]:
    """Five steps of the game itself; GameError where the method breaks a rule of it."""
    from emoprism.recipe import Player
    from emoprism.training.game import Game

    model, method = _small_game(name, options, list(EXAMPLE_CLASSES))
    game = Game(model, method, dict.fromkeys(method.players(model), Player(learning_rate=0.01)))
    return [game.step(batch) for _ in range(5)]


def check_metric(name: str, **options: Any) -> None:
    """A metric of predicted labels or of verification: bounds, what is best and worst, leading axes, no clip."""
    from emoprism.leakage.contract import check_curve_metric, check_label_metric
    from emoprism.leakage.metrics.base import CurveMetric, LabelMetric
    from emoprism.recipe import METRICS

    check_plugin(METRICS, name)
    metric = METRICS.make(name, options=options)
    assert isinstance(metric, LabelMetric | CurveMetric), f"{name}: is a LabelMetric or a CurveMetric"
    if isinstance(metric, LabelMetric):
        check_label_metric(name, metric)
    else:
        check_curve_metric(name, metric)


def check_attacker(name: str, **options: Any) -> None:
    """An attacker: its grid and candidates agree, it is deterministic, finds a plain leak and none in noise."""
    from emoprism.leakage.contract import check_attacks
    from emoprism.recipe import ATTACKERS

    check_plugin(ATTACKERS, name)
    check_attacks(name, ATTACKERS.make(name, options=options))
