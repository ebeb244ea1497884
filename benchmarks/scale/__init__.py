"""A million hours of video: what they cost, where such a job is narrow, what happens when things fail."""
