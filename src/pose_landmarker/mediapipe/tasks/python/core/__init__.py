"""What all tasks share: the model to use."""
