"""`python -m streamsum` is `streamsum`."""

import sys

from streamsum.cli import main

sys.exit(main())
