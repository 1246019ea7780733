// What a learner is told once, what it is told per call, and what it answers. Mirrored by library.py.
#pragma once

#include <cstdint>

#include "adam.h"
#include "replay.h"

struct Settings {
    int32_t n_observations, n_actions, batch, n_critics;
    int32_t n_outputs;  // of a critic: 1, or its quantiles
    int32_t n_targets;  // TQC: how many of all critics' quantiles, from below, are kept
    int32_t deterministic_actor;  // TD3 and DDPG
    int32_t mean_of_critics;      // DroQ's and TQC's actor loss; else the smallest critic
    int32_t policy_delay, target_update_interval;
    double discount, tau, target_entropy, noise_clip;
    uint64_t seed;
};

struct Rates {
    Adam actor, critic, entropy;
    double coefficient;    // of the entropy, where it is not learned
    Block log_coefficient;  // value null: not learned
};

struct Call {
    const Replay* replay;
    const int64_t* rows;         // (n_updates, batch)
    const float* next_noise;     // (batch, n_actions) of the first update; gSDE: (features, n_actions)
    const float* current_noise;  // the same; null for deterministic actors
    int64_t noise_stride;        // numbers from one update's noise to the next one's, in both
    const float* masks;          // dropout's, one after the other in PyTorch's order, or null: drawn
    int64_t n_updates;
    int64_t done_before;  // updates before this call, in the agent's life
    int64_t offset;       // and since its train() was entered
};

struct Losses {
    double critic, actor, entropy, coefficient;  // sums over the updates
    int64_t n_critic, n_actor;
};
