from gliexp.config import keys


def test_a_misspelt_section_points_to_its_own_key() -> None:
    assert keys.nearest("traning.learning_rate") == "training.learning_rate"
    assert keys.nearest("traning.seed") == "training.seed"
    assert keys.nearest("bakcbone.learning_rate") == "backbone.learning_rate"
