"""Updates of SAC, TQC, DroQ, TD3 and DDPG in C++, on the parameters of the SB3 model itself."""
