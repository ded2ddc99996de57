"""Every method keeps the contract of its family."""

import pytest

from emoprism.families import DISENTANGLERS
from emoprism.testing import check_disentangler


@pytest.mark.parametrize("name", DISENTANGLERS.names())
def test_a_method_keeps_the_contract(name):
    check_disentangler(name)
