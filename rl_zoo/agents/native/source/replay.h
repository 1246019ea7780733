// Minibatches from the arrays of SB3's replay buffer, normalised as its VecNormalize does.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "panels.h"

struct Replay {
    const void* observations;  // (rows, n_observations), float32 or float64
    const void* next_observations;
    const float* actions;    // (rows, n_actions)
    const float* rewards;    // (rows,)
    const float* dones;      // (rows,)
    const float* timeouts;   // (rows,) or null: every end is a termination
    const float* discounts;  // (rows,) or null: the learner's discount
    int32_t doubles;         // whether observations are float64
    // VecNormalize's, or null: what is subtracted, divided by, and the clipping.
    const double* mean;
    const double* deviation;
    double clip_observation;
    double reward_deviation;  // 0: rewards are not normalised
    double clip_reward;
};

struct Batch {
    Matrix current;  // observations, then actions
    Matrix next;     // next observations, then the actions that the policy takes there
    Matrix rewards, continues;  // continues: the discount, or 0 after a termination

    Batch(int n_observations, int n_actions, int size)
        : current(n_observations + n_actions, size),
          next(n_observations + n_actions, size),
          rewards(1, size),
          continues(1, size) {}
};

template <class Number>
static void gather_observations(
    const Replay& replay, const Number* from, const int64_t* rows, int n, const Panels& to) {
    for (int p = 0; p < to.count(); ++p)
        for (int b = 0; b < to.lanes(p); ++b) {
            const Number* observation = from + rows[p * WIDTH + b] * n;
            float* column = to.row(p, 0) + b;
            if (replay.mean == nullptr) {
                for (int f = 0; f < n; ++f) column[f * long(WIDTH)] = float(observation[f]);
                continue;
            }
            const double limit = replay.clip_observation;
            for (int f = 0; f < n; ++f) {
                const double z = (double(observation[f]) - replay.mean[f]) / replay.deviation[f];
                column[f * long(WIDTH)] = float(std::min(std::max(z, -limit), limit));
            }
        }
}

inline void gather(
    const Replay& replay, const int64_t* rows, int n_observations, int n_actions, double discount, Batch& batch) {
    const Panels& current = batch.current.view;
    const Panels& next = batch.next.view;
    const auto observations = [&](const void* from, const Panels& to) {
        if (replay.doubles)
            gather_observations(replay, static_cast<const double*>(from), rows, n_observations, to);
        else
            gather_observations(replay, static_cast<const float*>(from), rows, n_observations, to);
    };
    observations(replay.observations, current);
    observations(replay.next_observations, next);
    for (int p = 0; p < current.count(); ++p)
        for (int b = 0; b < current.lanes(p); ++b) {
            const int64_t row = rows[p * WIDTH + b];
            for (int j = 0; j < n_actions; ++j)
                current.row(p, n_observations + j)[b] = replay.actions[row * n_actions + j];
            double reward = replay.rewards[row];
            if (replay.reward_deviation > 0) {
                reward /= replay.reward_deviation;
                reward = std::min(std::max(reward, -replay.clip_reward), replay.clip_reward);
            }
            batch.rewards.view.row(p, 0)[b] = float(reward);
            const float timeout = replay.timeouts ? replay.timeouts[row] : 0;
            const float terminated = replay.dones[row] * (1 - timeout);
            const float factor = replay.discounts ? replay.discounts[row] : float(discount);
            batch.continues.view.row(p, 0)[b] = (1 - terminated) * factor;
        }
}
