"""What fills a slot of a sample template: the text of the slot, and the entity label it carries, if any."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from gliexp.data import sample_words as pool


class Filler:
    """Draws slot texts from one random stream; `unseen` opens the combinations that training never shows."""

    def __init__(self, draw: Random, *, unseen: bool) -> None:
        self._draw = draw
        self._unseen = unseen

    def fill(self, kind: str) -> tuple[str, str | None]:
        """The text for a slot of `kind` and its entity label (None for filler); KeyError for an unknown kind."""
        label, make = SLOTS[kind]
        return make(self), label

    def pick(self, words: Sequence[str]) -> str:
        """One of `words`."""
        return self._draw.choice(words)

    def number(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return self._draw.randint(low, high)

    def combine(self, left: Sequence[str], right: Sequence[str]) -> tuple[str, str]:
        """One of each, such that one combination in five never reaches the training split.

        Dev and test draw a held-out combination two times in five, so about two thirds of their names were seen.
        """
        wants_held_out = self._unseen and self._draw.random() < 0.4
        while True:
            i, j = self._draw.randrange(len(left)), self._draw.randrange(len(right))
            if ((i * 7 + j * 3) % 5 == 0) == wants_held_out:
                return left[i], right[j]


def _person(filler: Filler) -> str:
    last = pool.LAST_NAMES if filler.number(0, 5) else pool.SHARED
    return " ".join(filler.combine(pool.FIRST_NAMES, last))


def _surname(filler: Filler) -> str:
    return filler.pick(pool.SHARED)


def _location(filler: Filler) -> str:
    return (
        filler.pick(pool.CITIES)
        if filler.number(0, 2)
        else " ".join(filler.combine(pool.CITY_PREFIXES, pool.CITY_BASES))
    )


def _organization(filler: Filler) -> str:
    return " ".join(filler.combine(pool.ORG_STEMS, pool.ORG_SUFFIXES_EN))


def _organization_pt(filler: Filler) -> str:
    return " ".join(reversed(filler.combine(pool.ORG_STEMS, pool.ORG_PREFIXES_PT)))


def _both_brand(filler: Filler) -> str:
    return filler.pick(sorted(set(pool.ORG_STEMS) & set(pool.PRODUCT_BRANDS)))


def _product(filler: Filler) -> str:
    return " ".join(filler.combine(pool.PRODUCT_BRANDS, pool.PRODUCT_SUFFIXES))


def _date(filler: Filler) -> str:
    month, year = filler.pick(pool.MONTHS_EN), filler.number(1960, 2024)
    forms = (f"{filler.number(1, 28)} {month} {year}", f"{month} {filler.number(1, 28)}, {year}", f"{month} {year}")
    return filler.pick(forms)


def _date_pt(filler: Filler) -> str:
    month, year = filler.pick(pool.MONTHS_PT), filler.number(1960, 2024)
    return filler.pick((f"{filler.number(1, 28)} de {month} de {year}", f"{month} de {year}"))


def _money(filler: Filler) -> str:
    return filler.pick((f"${filler.number(2, 95)} million", f"€{filler.number(2, 99)},{filler.number(100, 999)}"))


def _money_pt(filler: Filler) -> str:
    return filler.pick((f"R$ {filler.number(2, 99)}.{filler.number(100, 999)},00", f"R$ {filler.number(2, 90)} mil"))


def _law(filler: Filler) -> str:
    act = f"{filler.pick(pool.LAW_SUBJECTS)} Act"
    return filler.pick((act, f"Section {filler.number(2, 90)} of the {act}", f"Regulation {filler.number(2, 99)}/2016"))


def _law_pt(filler: Filler) -> str:
    number = f"{filler.number(5, 14)}.{filler.number(100, 999)}/{filler.number(1988, 2022)}"
    return filler.pick((f"Lei nº {number}", f"Lei {number}", filler.pick(pool.LAW_CODES_PT)))


def _document(filler: Filler) -> str:
    letters = "".join(filler.pick("ABCDEFGHJK") for _ in range(2))
    return filler.pick((f"{letters}{filler.number(10000, 99999)}", f"{letters}-{filler.number(100, 999)}"))


def _cpf(filler: Filler) -> str:
    groups = [filler.number(100, 999) for _ in range(3)]
    return f"{groups[0]}.{groups[1]}.{groups[2]}-{filler.number(10, 99)}"


def _process(filler: Filler) -> str:
    return f"{filler.number(1000000, 9999999)}-{filler.number(10, 99)}.{filler.number(2010, 2024)}.8.26"


def _number(filler: Filler) -> str:
    return str(filler.number(2, 60))


def _word(words: Sequence[str]) -> Callable[[Filler], str]:
    return lambda filler: filler.pick(words)


SLOTS: dict[str, tuple[str | None, Callable[[Filler], str]]] = {
    "person": ("person", _person),
    "surname": ("person", _surname),
    "location": ("location", _location),
    "city": ("location", _surname),
    "organization": ("organization", _organization),
    "organization_pt": ("organization", _organization_pt),
    "maker": ("organization", _both_brand),
    "gadget": ("product", _both_brand),
    "product": ("product", _product),
    "date": ("date", _date),
    "date_pt": ("date", _date_pt),
    "money": ("money", _money),
    "money_pt": ("money", _money_pt),
    "law": ("law", _law),
    "law_pt": ("law", _law_pt),
    "document": ("document number", _document),
    "cpf": ("document number", _cpf),
    "process": ("document number", _process),
    "number": (None, _number),
    "role": (None, _word(pool.ROLES_EN)),
    "role_pt": (None, _word(pool.ROLES_PT)),
    "item": (None, _word(pool.ITEMS_EN)),
    "item_pt": (None, _word(pool.ITEMS_PT)),
    "time": (None, _word(pool.TIMES_EN)),
    "time_pt": (None, _word(pool.TIMES_PT)),
    "adjective": (None, _word(pool.ADJECTIVES_EN)),
    "kind": (None, _word(pool.KINDS_EN)),
    "kind_pt": (None, _word(pool.KINDS_PT)),
}
