"""Every encoder and every model keeps the contract of its family."""

from typing import Any

import pytest

from emoprism.families import ENCODERS, MODELS
from emoprism.testing import check_encoder, check_model

SMALL: dict[str, dict[str, Any]] = {
    "vgg_m_face": {"image_size": 17, "channels": (4, 5, 6, 5, 4), "feature": 7},
    "vgg_m_audio": {"channels": (4, 5, 6, 5, 4), "feature": 7},
}


def encoder_cases() -> list[Any]:
    """Each encoder, with every way of pooling where it has that option."""
    cases: list[Any] = []
    for name in ENCODERS.names():
        poolings = (
            ("mean", "mean_std", "max", "mean_std_max") if "pooling" in ENCODERS.options(name).model_fields else (None,)
        )
        cases += [pytest.param(name, p, id=f"{name}-{p}") for p in poolings]
    return cases


@pytest.mark.parametrize(("name", "pooling"), encoder_cases())
def test_an_encoder_keeps_the_contract(name, pooling):
    check_encoder(name, **SMALL.get(name, {}), **({} if pooling is None else {"pooling": pooling}))


@pytest.mark.parametrize("name", MODELS.names())
def test_a_model_keeps_the_contract(name):
    encoders = {
        "face": {"name": "vgg_m_face", **SMALL["vgg_m_face"]},
        "audio": {"name": "vgg_m_audio", **SMALL["vgg_m_audio"]},
    }
    options = {
        "multitask": {"encoders": encoders, "embeddings": {"emotion": 9, "speaker": 5}},
        "cross_attention": {"encoders": encoders, "width": 8, "depth": 2, "self_depth": 1},
    }
    check_model(name, **options.get(name, {}))
