"""The tasks of MediaPipe, as far as they are about poses; the API is in ``tasks.python``."""
