"""What a split audit says, as it stands in split_audit.json and on every report."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Severity = Literal["note", "warning", "fault"]
Grade = Literal["sound", "notes", "warnings", "faulty"]
GRADES: dict[Severity, Grade] = {"note": "notes", "warning": "warnings", "fault": "faulty"}
"""The grade of a split whose worst finding is of this severity."""
LISTED = 1000
"""Copies that the file lists before it only counts the rest."""


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Finding(_Row):
    """One thing that is so, how bad that is for what the split claims, and what to do.

    note      true, and within what the sides mean: to be said beside the results
    warning   may flatter results, depending on what they are meant to show
    fault     what the sides are called is not what they are
    """

    kind: Literal["shared", "copies", "shortcut", "sides", "unknown"]
    severity: Severity
    what: str
    clips: int
    """Clips concerned: of the later side where there are two."""
    share: float | None = None
    """`clips` as a fraction of that side."""
    examples: list[str] = []
    next: str = ""


class Copy(_Row):
    """Two clips of one recording. Exact: equal log-mels. Near: fingerprints closer than chance explains."""

    first: str
    second: str
    sides: tuple[str, str]
    exact: bool
    error: float
    """Bit error rate of the fingerprints, 0 to 0.5."""
    seconds: float
    """Sound that both have."""
    shift: float
    """What is heard at t seconds in `first` is heard at t + shift in `second`."""
    labels: list[str] = []
    """Attributes in which the two are labelled differently."""


class Shortcut(_Row):
    """What one plain quantity of a clip says of a label, to a quantile-bin classifier fitted on train.

    `recall` is its unweighted average recall on `side` (a fraction); `floor` and `high` are mean and 95 % quantile of
    the same with the labels of that side permuted. `p` is the share of permutations in which any quantity does as well
    (Westfall & Young 1993), times the number of labels and sides tried (Bonferroni). `gain` is
    (recall - floor) / (1 - floor): 0 says nothing, 1 says it all.
    """

    quantity: str
    label: str
    side: str
    clips: int
    recall: float
    floor: float
    high: float
    p: float
    gain: float


class Looked(_Row):
    """What was looked at, so that silence on the rest is not taken for soundness."""

    attributes: list[str]
    fingerprinted: int
    """Clips whose sound was compared with that of all others."""
    too_short: int
    """Clips with sound that is too short to be told from others, except by equal log-mels."""
    silent: int
    """Clips without sound."""
    comparisons: float = 0.0
    """Pairs of clips times shifts."""
    permutations: int = 0
    seed: int = 0
    not_looked_at: list[str] = []


class SplitAudit(_Row):
    """split_audit.json."""

    grade: Grade
    verdict: str
    """One sentence."""
    clips: dict[str, int]
    """Clips per side."""
    findings: list[Finding]
    """The worst first."""
    copies: list[Copy]
    """The first LISTED, those across sides first."""
    copies_found: int
    shortcuts: list[Shortcut]
    looked: Looked
