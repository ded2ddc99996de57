"""One HTML document from a template: styles, figures and all inside, no script, nothing fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from emoprism.pages.tables import spans

TEMPLATES = Path(__file__).parent / "templates"


def render_page(templates: Path, name: str, *, title: str, **parts: Any) -> str:
    """The template `name` of the folder `templates`, drawn with `parts`; every text of `parts` is escaped.

    It extends `base.html.j2` (the document and its style) and imports `draw` (a Table) and `show` (a Drawing) from
    `parts.html.j2`.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader([templates, TEMPLATES]), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    filters = cast("dict[str, Any]", environment.filters)
    filters.update(figure=Markup, spans=spans)  # a figure is our own drawing, whose texts matplotlib has escaped
    return environment.get_template(name).render(title=title, **parts)
