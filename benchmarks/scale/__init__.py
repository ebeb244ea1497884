"""What a million hours of video cost, where a job of that size is narrow, and what happens when things fail."""
