"""PyTorch (extra ``gpu``): the networks on a graphics card, or on the processor to try the same code."""
