"""Members of a sweep as jobs of a SLURM cluster or several at once on this machine, through submitit.

`Slurm` and `Pool` are what hydra/launcher's configs name; launchers.py makes the launchers.
"""


class Slurm:
    """hydra/launcher=slurm."""


class Pool:
    """hydra/launcher=slurm_local and local_pool."""
