"""What one core of this machine needs for each part of a job, in seconds of CPU time."""
