// Minibatches from the arrays of SB3's replay buffer or from a ring of records, normalised as SB3's
// VecNormalize does.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "panels.h"

// One entry of every transition: the rows of an array, or a field of records.
struct Column {
    const char* data;
    int64_t stride;  // bytes from one row to the next

    template <class Number>
    const Number* row(int64_t index) const {
        return reinterpret_cast<const Number*>(data + index * stride);
    }
};

struct Replay {
    Column observations;  // n_observations float32 or float64
    Column next_observations;
    Column actions;    // n_actions float32
    Column rewards;    // one float32, as all below
    Column dones;
    Column timeouts;   // data null: every end is a termination
    Column discounts;  // data null: the learner's discount
    int32_t doubles;   // whether observations are float64
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
    const Replay& replay, const Column& from, const int64_t* rows, int n, const Panels& to) {
    for (int p = 0; p < to.count(); ++p) {
        const Number* observations[WIDTH];
        for (int b = 0; b < WIDTH; ++b)  // padding repeats the last transition
            observations[b] = from.row<Number>(rows[std::min(p * WIDTH + b, to.batch - 1)]);
        for (int f = 0; f < n; ++f) {
            float* __restrict row = to.row(p, f);
            if (replay.mean == nullptr) {
                for (int b = 0; b < WIDTH; ++b) row[b] = float(observations[b][f]);
                continue;
            }
            const double mean = replay.mean[f], deviation = replay.deviation[f];
            const double limit = replay.clip_observation;
            double z[WIDTH];
            for (int b = 0; b < WIDTH; ++b) z[b] = double(observations[b][f]);
            for (int b = 0; b < WIDTH; ++b)
                row[b] = float(std::min(std::max((z[b] - mean) / deviation, -limit), limit));
        }
    }
}

inline void gather(
    const Replay& replay, const int64_t* rows, int n_observations, int n_actions, double discount, Batch& batch) {
    const Panels& current = batch.current.view;
    const Panels& next = batch.next.view;
    const auto observations = [&](const Column& from, const Panels& to) {
        if (replay.doubles)
            gather_observations<double>(replay, from, rows, n_observations, to);
        else
            gather_observations<float>(replay, from, rows, n_observations, to);
    };
    observations(replay.observations, current);
    observations(replay.next_observations, next);
    for (int p = 0; p < current.count(); ++p)
        for (int b = 0; b < current.lanes(p); ++b) {
            const int64_t row = rows[p * WIDTH + b];
            const float* action = replay.actions.row<float>(row);
            for (int j = 0; j < n_actions; ++j) current.row(p, n_observations + j)[b] = action[j];
            double reward = *replay.rewards.row<float>(row);
            if (replay.reward_deviation > 0) {
                reward /= replay.reward_deviation;
                reward = std::min(std::max(reward, -replay.clip_reward), replay.clip_reward);
            }
            batch.rewards.view.row(p, 0)[b] = float(reward);
            const float timeout = replay.timeouts.data ? *replay.timeouts.row<float>(row) : 0;
            const float terminated = *replay.dones.row<float>(row) * (1 - timeout);
            const float factor = replay.discounts.data ? *replay.discounts.row<float>(row) : float(discount);
            batch.continues.view.row(p, 0)[b] = (1 - terminated) * factor;
        }
}
