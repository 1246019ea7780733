"""The arithmetic of a policy as an ONNX graph: from the observation to the action."""
