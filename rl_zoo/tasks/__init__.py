"""Tasks: observation, reward and termination as small pure functions of one step of the robot."""
