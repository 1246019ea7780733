"""One file that runs a policy without PyTorch: its exporter and its runtime."""
