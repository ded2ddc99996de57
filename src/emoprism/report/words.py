"""Numbers and names as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from emoprism.leakage.results import Measurement

SPLIT_WORDS = {"test": "seen speakers", "unseen": "unseen speakers", "validation": "validation", "train": "train"}
METRIC_WORDS = {
    "macro_f1": "macro F1", "accuracy": "accuracy", "eer": "EER", "balanced_accuracy": "balanced accuracy",
    "tpr_at_fpr_1_percent": "TPR at 1 % FPR", "tpr_at_fpr_1_permille": "TPR at 0.1 % FPR",
    "presence_weighted_accuracy": "weighted accuracy", "presence_f1": "F1 of presence",
    "presence_macro_f1": "macro F1 of presence and absence",
    "negative_nonnegative_accuracy": "accuracy, negative or not", "negative_nonnegative_f1": "F1, negative or not",
    "negative_positive_accuracy": "accuracy, negative or positive", "negative_positive_f1": "F1, negative or positive",
    "seven_class_accuracy": "seven-class accuracy", "concordance": "concordance (CCC)",
}  # fmt: skip


def percent(value: float) -> str:
    """0.8281 -> "82.8"."""
    return f"{100 * value:.1f}"


def with_interval(row: Measurement) -> str:
    """A measurement as running text: "82.8 % [80.1, 85.2]"."""
    if row.low is None or row.high is None:
        return f"{percent(row.value)} %"
    return f"{percent(row.value)} % [{percent(row.low)}, {percent(row.high)}]"


def points(difference: float) -> str:
    """A difference of two fractions in percentage points: "1.4 points"."""
    return f"{100 * abs(difference):.1f} points"


def listing(parts: Sequence[str]) -> str:
    """["a", "b", "c"] -> "a, b and c"."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def seeds_count(count: int) -> str:
    """1 -> "1 seed"; 5 -> "5 seeds"."""
    return f"{count} seed" if count == 1 else f"{count} seeds"


def plain(name: str) -> str:
    """A plug-in's name as words: "gradient_boosting" -> "gradient boosting"."""
    return name.replace("_", " ")


def metric_words(metric: str) -> str:
    """A metric's file name as words."""
    return METRIC_WORDS.get(metric, plain(metric))


def score_words(name: str) -> str:
    """A score of a history: "validation/emotion/macro_f1" -> "emotion macro F1, validation"."""
    parts = name.split("/")
    return f"{parts[1]} {metric_words(parts[2])}, {parts[0]}" if len(parts) == 3 else name


def split_words(split: str) -> str:
    """A split's name as words: "test" -> "seen speakers"."""
    return SPLIT_WORDS.get(split, split)


def seeds_words(seeds: Sequence[int | None]) -> str:
    """[0, 1, None] -> "0, 1, none"."""
    return ", ".join("none" if seed is None else str(seed) for seed in seeds)
