"""Tasks: observation, reward and termination as small pure functions of the robot's state."""
