"""The engine of our own: networks as operations for the compiled kernels."""
