"""Pure mathematics of motion: oscillators, gaits, leg kinematics, filters; only numpy."""
