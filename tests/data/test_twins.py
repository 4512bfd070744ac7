from gliexp.data.twins import Twins, fingerprint


def _row(words: str, *entities: list[object]) -> dict[str, object]:
    return {"tokenized_text": words.split(), "ner": list(entities)}


def test_a_row_twice_is_repeated_and_otherwise_annotated_contradicts() -> None:
    twins = Twins()
    for line, row in enumerate(
        [
            _row("a b", [0, 0, "x"], [1, 1, "y"]),
            _row("a b", [1, 1, "y"], [0, 0, "x"]),
            _row("a b", [0, 0, "x"]),
            _row("a c"),
        ],
        start=1,
    ):
        twins.add(line, row)
    assert twins.repeated == [(2, 1)]
    assert twins.contradicting == [(3, 1)]


def test_relations_are_part_of_the_annotation_whatever_the_order_of_the_entities() -> None:
    first = {**_row("a b", [0, 0, "x"], [1, 1, "y"]), "relations": [[0, 1, "r"]]}
    same = {**_row("a b", [1, 1, "y"], [0, 0, "x"]), "relations": [[1, 0, "r"]]}
    other = {**_row("a b", [0, 0, "x"], [1, 1, "y"]), "relations": [[1, 0, "r"]]}
    twins = Twins()
    for line, row in enumerate([first, same, other], start=1):
        twins.add(line, row)
    assert (twins.repeated, twins.contradicting) == ([(2, 1)], [(3, 1)])


def test_shared_rows_are_named_by_the_lines_of_both_files() -> None:
    train, dev = Twins(), Twins()
    for line, words in enumerate(["a", "b", "c"], start=1):
        train.add(line, _row(words))
    for line, words in enumerate(["x", "c", "c", "a"], start=1):
        dev.add(line, _row(words))
    assert train.shared(dev) == [(1, 4), (3, 2)]


def test_words_are_told_from_their_joint_spelling() -> None:
    assert fingerprint(["a b"]) != fingerprint(["a", "b"])
    assert fingerprint(["\ud800"]) != fingerprint(["a"])  # JSON can carry half a surrogate pair
