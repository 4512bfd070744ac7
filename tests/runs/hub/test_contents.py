from __future__ import annotations

from pathlib import Path

from gliexp.runs.hub import contents


def test_a_run_goes_with_its_evidence_and_without_pickles(run: Path) -> None:
    assert set(contents.of_run(run)) == {
        "model.safetensors",
        "gliner_config.json",
        "gliexp_usage.json",
        "adapter/gliexp_adapter.json",
        "adapter/text_encoder/adapter_model.safetensors",
        "gliexp/metrics.json",
        "gliexp/run.json",
        "gliexp/config.resolved.yaml",
    }


def test_a_checkpoint_goes_as_a_model_and_whole_where_it_is_wanted(tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint-8"
    checkpoint.mkdir()
    state = ("optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json", "manifest.json", "progress-0.json")
    for name in ("model.safetensors", "gliner_config.json", "training_args.bin", *state):
        (checkpoint / name).write_text(name)
    model = {"model.safetensors", "gliner_config.json"}
    assert set(contents.of_checkpoint(checkpoint, "every_save")) == model
    for strategy, folder in (("checkpoint", "last-checkpoint"), ("all_checkpoints", "checkpoint-8")):
        whole = {f"{folder}/{name}" for name in (*model, *state)}
        assert set(contents.of_checkpoint(checkpoint, strategy)) == model | whole
