"""Contracts of encoders and models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from emoprism.testing.plugins import check_plugin

if TYPE_CHECKING:
    from torch import Tensor, nn

    from emoprism.models.base import Batch, Model, Stream
    from emoprism.models.encoders.base import Encoder
    from emoprism.models.tasks.base import Task
    from emoprism.plugins import Family
    from emoprism.types import StreamSpec


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
    from emoprism.families import ENCODERS
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
        values, mask = make().train(training).steps(stream)
        assert values.shape == (*mask.shape, make().step_width), (
            f"{name}: steps are [B, T, step_width], with their mask"
        )
        real = [length > 0 for length in LENGTHS]
        assert mask.any(dim=1).tolist() == real, f"{name}: a clip without the stream, and no other, is masked whole"
        assert bool(values[mask].isfinite().all()), f"{name}: real steps are finite"
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
    """A model, on `streams` or on faces, log-mels and action units: embeddings that depend on their own clip alone.

    One that refuses three streams, in words, is checked on the first two; one that refuses two, on log-mels.
    """
    from emoprism.families import MODELS
    from emoprism.types import AUDIO, FACE, StreamSpec

    check_plugin(MODELS, name)
    usual = {FACE: StreamSpec((224, 224, 3)), AUDIO: StreamSpec((40,)), "action_units": StreamSpec((35,))}
    fewer = [{name: usual[name] for name in names} for names in ((FACE, AUDIO), (AUDIO,))]
    make = _first_that_works(name, [dict(streams)] if streams is not None else [usual, *fewer], options)
    model: Model = make()
    assert set(model.attributes) <= set(EXAMPLE_CLASSES), f"{name}: embeds attributes of the corpus"
    side = model.image_size
    shapes = {
        stream: (side, side, 3) if side is not None and len(spec.shape) == 3 else spec.shape
        for stream, spec in model.streams.items()
    }
    places = [tensor.data_ptr() for tensor in model.state_dict().values() if tensor.numel()]
    assert len(set(places)) == len(places), f"{name}: every tensor has one name, or its weights could not be stored"
    _check_model(name, make, shapes)
    batch = example_batch({s: example_stream(shape, seed=i) for i, (s, shape) in enumerate(shapes.items())})
    _check_gradients(name, model, model.heads.loss(model.train()(batch), batch.labels))


def _first_that_works(name: str, cases: Sequence[Mapping[str, StreamSpec]], options: Mapping[str, Any]) -> partial[Any]:
    from emoprism.families import MODELS

    refusals: list[str] = []
    for streams in cases:
        make = partial(_seeded, MODELS, name, streams, example_tasks(), options=options)
        try:
            make()
        except ValueError as error:
            assert str(error), f"{name}: says in words why it cannot take the streams {list(streams)}"
            refusals.append(str(error))
        else:
            return make
    raise AssertionError(f"{name}: takes the streams it is given: {'; '.join(refusals)}")


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


def example_tasks() -> dict[str, Task]:
    """The tasks of the example batches: one of so many classes."""
    from emoprism.models.tasks.one_of import one_of

    return one_of(**EXAMPLE_CLASSES)


def example_batch(streams: Mapping[str, Stream], epoch: int = 0) -> Batch:
    """Six clips with emotions and speakers, one label of each missing."""
    import torch

    from emoprism.models.base import Batch

    labels = {"emotion": torch.tensor([0, 1, 2, 0, -1, 1]), "speaker": torch.tensor([0, 0, 1, 1, 3, -1])}
    return Batch(streams, labels, epoch)
