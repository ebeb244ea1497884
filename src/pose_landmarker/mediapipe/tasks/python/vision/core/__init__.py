"""What vision tasks share: images, how to look at them, running modes."""
