"""Between policy and motors, 200 to 500 times per second: the process that keeps the robot safe."""
