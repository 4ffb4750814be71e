"""What lab/run is made of: the kernel, the image, the machine, and what it says."""
