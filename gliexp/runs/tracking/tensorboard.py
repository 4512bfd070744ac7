"""TensorBoard: event files in the run directory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from torch.utils.tensorboard import SummaryWriter

from gliexp.config.schema import Config
from gliexp.runs.tracking.tracker import Beginning, Ending, final


class TensorBoard:
    """Writes scalars, the config and the plots of a run; a run that goes on writes on into the same directory."""

    name = "tensorboard"

    def __init__(self, config: Config, beginning: Beginning) -> None:
        self.directory = beginning.directory
        self.place = Path(config.tracking.log_dir or beginning.directory / "tensorboard")
        self.writer = SummaryWriter(str(self.place))
        self.last = 0
        if not beginning.resumed:
            text = yaml.safe_dump(dict(beginning.config), allow_unicode=True, sort_keys=False)
            indented = "\n".join(f"    {line}" for line in text.splitlines())  # markdown's form of code
            self.writer.add_text("config", indented, 0)

    def log(self, values: Mapping[str, float], step: int) -> None:
        self.last = step
        for name, value in values.items():
            self.writer.add_scalar(name, value, step)
        self.writer.flush()  # what a killed run had said stays

    def checkpoint(self, directory: Path, step: int) -> None:
        """TensorBoard keeps no models."""

    def finish(self, ending: Ending) -> str:
        self.log(final(ending.metrics), self.last)
        for plot in sorted((self.directory / "plots").glob("*.png")):
            self.writer.add_image(f"plots/{plot.stem}", _pixels(plot), self.last, dataformats="HWC")
        if ending.errors:
            self.writer.add_text("errors", _table(ending.errors), self.last)
        self.writer.close()
        return f"tensorboard --logdir {self.place}"


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows as a table of markdown, which TensorBoard shows as one."""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _pixels(plot: Path) -> object:
    import numpy
    from PIL import Image

    with Image.open(plot) as image:
        return numpy.asarray(image.convert("RGB"))
