from gliexp.runs.signature import leaves, signature

CONFIG = {
    "run": {"task": "ner", "name": "a", "seed": 1},
    "training": {"learning_rate": 1e-4, "hub_model_id": None, "output_dir": None},
    "data": {"train_data": "here.jsonl", "fields": {}},
}
DATA = {"train": "abc"}
VERSIONS = {"torch": "2.0"}


def changed(section: str, key: str, value: object) -> dict:
    return {**CONFIG, section: {**CONFIG[section], key: value}}


def test_leaves_are_dotted():
    assert leaves(CONFIG)["training.learning_rate"] == 1e-4
    assert leaves(CONFIG)["data.fields"] == {}


def test_order_of_keys_does_not_matter():
    turned = {name: dict(reversed(section.items())) for name, section in reversed(CONFIG.items())}
    assert signature(turned, DATA, VERSIONS) == signature(CONFIG, DATA, VERSIONS)


def test_cosmetic_keys_do_not_matter():
    same = signature(CONFIG, DATA, VERSIONS)
    for section, key in (
        ("run", "name"),
        ("training", "hub_model_id"),
        ("training", "output_dir"),
        ("data", "train_data"),
    ):
        assert signature(changed(section, key, "other"), DATA, VERSIONS) == same, key


def test_settings_data_and_versions_matter():
    same = signature(CONFIG, DATA, VERSIONS)
    assert signature(changed("training", "learning_rate", 2e-4), DATA, VERSIONS) != same
    assert signature(changed("run", "seed", 2), DATA, VERSIONS) != same
    assert signature(CONFIG, {"train": "abd"}, VERSIONS) != same
    assert signature(CONFIG, DATA, {"torch": "2.1"}) != same


def test_more_processes_matter_and_one_is_as_if_unsaid():
    same = signature(CONFIG, DATA, VERSIONS)
    for launch, equal in (
        ({"mode": "single", "processes": 1, "nodes": 1, "threads": 4}, True),
        ({"mode": "cpu_ddp", "processes": 2, "nodes": 1}, False),
        ({"mode": "ddp", "processes": None, "nodes": 1}, False),
        ({"mode": "ddp", "processes": 1, "nodes": 2}, False),
    ):
        assert (signature({**CONFIG, "launch": launch}, DATA, VERSIONS) == same) == equal, launch
