import pytest

from gliexp.data.collisions import collisions


@pytest.mark.parametrize(
    "pair",
    [
        ("Person", "person"),
        ("political party", "political_party"),
        ("political party", "PoliticalParty"),
        ("date-time", "date time"),
        ("law/article", "law article"),
        ("organização", "organizac\u0327a\u0303o"),  # composed and decomposed
        ("ORG", "ORG "),
        ("straße", "STRASSE"),
    ],
)
def test_spellings_of_one_label_are_grouped(pair: tuple[str, str]) -> None:
    assert collisions([*pair, "something else"]) == [tuple(sorted(pair))]


def test_different_labels_are_not() -> None:
    assert collisions(["person", "persons", "per", "location", "person", "c", "c++", "c#"]) == []
