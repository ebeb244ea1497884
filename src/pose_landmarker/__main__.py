"""``python -m pose_landmarker`` is the command ``pose-landmarker``."""

import sys

from pose_landmarker.cli.main import main

sys.exit(main())
