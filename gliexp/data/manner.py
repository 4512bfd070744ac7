"""What the config says about how data files are to be read."""

from __future__ import annotations

from gliexp.config.schema.data import Data
from gliexp.config.sources import Source
from gliexp.data.formats import Layout

ANY = Source("")


def layout(data: Data, split: str, source: Source = ANY) -> Layout:
    """What the config says about how files are laid out, for one entry of a split."""
    columns, fields = data.columns, data.fields
    return Layout(
        separator=columns.separator,
        header=columns.header,
        names=columns.names,
        token=columns.token,
        tag=columns.tag,
        sentence=columns.sentence,
        split=source.split or split,
        subset=source.subset,
        known=(fields.tokens, fields.text, fields.ner, fields.relations, fields.labels),
    )


def names(data: Data) -> dict[str, str | None]:
    """The user's names of the columns, as RowReader takes them."""
    fields = data.fields
    return {
        "tokens": fields.tokens,
        "text": fields.text,
        "ner": fields.ner,
        "relations": fields.relations,
        "labels": fields.labels,
    }
