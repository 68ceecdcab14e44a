"""The arithmetic of `kernels` for whole batches of images with PyTorch, on a graphics card."""
