"""Of MediaPipe's framework, the messages that tutorials make."""
