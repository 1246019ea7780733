"""A bundle as a person reads it; numpy and onnxruntime are enough."""
