"""Messages: ``landmark_pb2``."""
