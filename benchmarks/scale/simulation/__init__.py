"""A job over many files as discrete events: storage that is shared, workers, one driver, and failures."""
