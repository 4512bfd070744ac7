"""`export`: a model as ONNX, checked against the model that it was made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gliexp.cli import words as told
from gliexp.config.report import COMMAND_LINE
from gliexp.errors import Problem, Refusal

HELP = """\
usage: python -m gliexp export RUN|MODEL [--to DIR]

Writes a GLiNER (a run, an adapter, a saved model, a hub repository) as ONNX by the library's exporter, with config,
tokenizer and labels, and compares scores and predictions of the graph with those of the model. If they differ by more
than 0.0001 nothing is written. The stock library opens it:
  GLiNER.from_pretrained(DIR, runtime="onnxruntime")
Needs pip install 'gliexp[onnx]'. Label decoders, streaming models, token models with represent_spans, relations and
GLiClass have no export in their libraries, or none that answers the same, and are refused.
  --to DIR              a directory that is not there; by default onnx/ of the run
  --trust-remote-code   run code that a repository brings
"""


def run(words: Sequence[str]) -> int:
    """Export and check. Raises Refusal for models that cannot be exported, RunFailed where the export differs."""
    parser = told.Parser(prog="gliexp export", add_help=False)
    parser.add_argument("model", metavar="RUN|MODEL")
    parser.add_argument("--to")
    parser.add_argument("--trust-remote-code", action="store_true")
    given = parser.parse_args(list(words))
    from gliexp.runs.model_source import find

    source = find(given.model)
    target = _target(given.to, source.run)
    from gliexp.runs.export import export  # seconds of imports: only for words that make sense
    from gliexp.runs.prepared import quiet_libraries

    quiet_libraries()
    difference = export(source, target, trust_remote_code=given.trust_remote_code)
    print(f"exported to {target}; onnxruntime answers the same (greatest difference of a score {difference:.1e})")
    return 0


def _target(to: str | None, run: Path | None) -> Path:
    if to is None and run is None:
        raise Refusal([Problem("--to", "where is the export to go?", "--to DIRECTORY", COMMAND_LINE)])
    target = Path(to) if to is not None else Path(run or "") / "onnx"
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Refusal([Problem("--to", f"{target} is there already", "a directory that is not", COMMAND_LINE)])
    return target
