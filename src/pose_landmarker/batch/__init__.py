"""Jobs over any number of files: started, killed, resumed and believed."""

from pose_landmarker.batch.job import run_batch
from pose_landmarker.batch.summary import BatchSummary, Counts, FailedFile, Progress

__all__ = ["BatchSummary", "Counts", "FailedFile", "Progress", "run_batch"]
