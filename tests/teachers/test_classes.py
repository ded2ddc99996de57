"""The teacher's words become ours, and those that do not are asked about."""

from __future__ import annotations

import numpy as np
import pytest

from emoprism.corpora._distributions import EMOTIONS
from emoprism.errors import RecipeError
from emoprism.teachers.classes import ORDERS, our_classes, suggest_orders, sums


@pytest.mark.parametrize("name", ORDERS)
def test_every_usual_teacher_is_understood_without_a_map(name):
    found = our_classes([word.upper() for word in ORDERS[name]], {})
    assert set(found.values()) <= set(EMOTIONS)
    assert len(set(found.values())) == len(ORDERS[name]), "no two classes of a teacher are one of ours"


def test_a_map_goes_first_may_join_and_leave_out():
    found = our_classes(["Anger", "bored", "blink"], {"bored": "neutral", "blink": "none"})
    assert found == {"Anger": "angry", "bored": "neutral", "blink": "none"}
    assert our_classes(["happy"], {"HAPPY": "contempt"}) == {"happy": "contempt"}
    joined = sums(our_classes(["joy", "happy", "blink"], {"blink": "none"}))
    assert np.array_equal(joined[:, EMOTIONS.index("happy")], [1, 1, 0])
    assert joined.sum() == 2


def test_all_that_is_wrong_with_a_map_is_said_at_once():
    with pytest.raises(RecipeError) as caught:
        our_classes(["anger", "angryy", "xyz", "sad"], {"angre": "angry", "sad": "sadd"})
    said = str(caught.value)
    assert len(caught.value.problems) == 4
    assert "map.angre: the teacher has no such class\n    -> did you mean 'anger'?" in said
    assert "'angryy': what is it?\n    -> map.angryy=angry for example" in said
    assert "map.xyz=none for example; ours are neutral, happy" in said
    assert "map.sad: 'sadd' is no class of ours\n    -> did you mean 'sad'?" in said


def test_a_map_that_leaves_nothing_is_refused():
    with pytest.raises(RecipeError, match="leaves no class"):
        our_classes(["sad"], {"sad": "none"})


def test_a_teacher_without_names_is_offered_the_usual_orders():
    eight = suggest_orders(8)
    assert "model.classes=[neutral,happiness,surprise,sadness,anger,disgust,fear,contempt] for FER+" in eight
    assert "AffectNet" in eight and "FER2013" not in eight
    assert "FER2013" in suggest_orders(7)
    assert suggest_orders(5) == "name its 5 classes in order: model.classes=[...]"
