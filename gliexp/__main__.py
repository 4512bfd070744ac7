"""`python -m gliexp`."""

import sys

from gliexp.cli import main

sys.exit(main())
