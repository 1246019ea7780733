"""Learn in real time: actor, learner and supervisor processes around one replay ring."""
