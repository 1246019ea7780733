// The C interface, called by library.py. Every function returns 0, or -1 if there is no memory.
#include "learner.h"

namespace {

Network* network_of(Learner& learner, int role, int index) {
    switch (role) {
        case 0: return &learner.actor;
        case 1: return &learner.actor_target;
        case 2: return &learner.critics[index];
        default: return &learner.critic_targets[index];
    }
}

}  // namespace

extern "C" {

Learner* learner_new(const Settings* settings) {
    try {
        return new Learner(*settings);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void learner_delete(Learner* learner) { delete learner; }

// sizes: n_layers + 1 numbers. role: 0 actor, 1 target actor, 2 critic, 3 target critic.
int learner_shape(Learner* learner, int role, int index, int n_layers, const int32_t* sizes, int layer_norm,
                  double dropout) {
    try {
        const std::vector<int> all(sizes, sizes + n_layers + 1);
        network_of(*learner, role, index)->shape(all, layer_norm != 0, float(dropout));
        return 0;
    } catch (const std::bad_alloc&) {
        return -1;
    }
}

// activation: see activations.h. A network rectifies unless it is told.
int learner_activation(Learner* learner, int role, int index, int activation) {
    network_of(*learner, role, index)->activation = Activation(activation);
    return 0;
}

// Tell where the parameters are. kind: 0 weight, 1 bias, 2 scale, 3 shift (of a layer normalisation).
int learner_parameter(Learner* learner, int role, int index, int layer, int kind, const Block* blocks, int n) {
    try {
        Network& network = *network_of(*learner, role, index);
        if (kind == 0) network.linears[layer].weights.assign(blocks, blocks + n);
        if (kind == 1) network.linears[layer].biases.assign(blocks, blocks + n);
        if (kind == 2) network.norms[layer].scale = *blocks;
        if (kind == 3) network.norms[layer].shift = *blocks;
        return 0;
    } catch (const std::bad_alloc&) {
        return -1;
    }
}

// Give the actor state-dependent noise (gSDE); after all its parameters were told.
int learner_explore(Learner* learner, const Block* log_std, int use_expln, double limit) {
    try {
        learner->explore(*log_std, use_expln != 0, float(limit));
        return 0;
    } catch (const std::bad_alloc&) {
        return -1;
    }
}

int learner_prepare(Learner* learner) {
    try {
        learner->prepare();
        return 0;
    } catch (const std::bad_alloc&) {
        return -1;
    }
}

int learner_update(Learner* learner, const Call* call, const Rates* rates, Losses* losses) {
    try {
        learner->update(*call, *rates, *losses);
        return 0;
    } catch (const std::bad_alloc&) {
        return -1;
    }
}

// Copy the state of dropout's generator to `state`, or from it: LaneRandom::SIZE numbers, which is returned.
int learner_random(Learner* learner, uint32_t* state, int restore) {
    uint32_t* own = learner->random().state();
    std::memcpy(restore ? own : state, restore ? state : own, LaneRandom::SIZE * sizeof(uint32_t));
    return LaneRandom::SIZE;
}

// Multiply-adds of one layer's product as in a forward pass, for a benchmark: y = W x.
int learner_product(const float* weight, const float* bias, int in, int out, int batch, int repeats) {
    try {
        Matrix x(in, batch), y(out, batch);
        Linear linear;
        linear.in = in, linear.out = out, linear.weight = weight, linear.bias = bias;
        for (int i = 0; i < repeats; ++i) linear.forward(x.view, y.view, true);
        return 0;
    } catch (const std::bad_alloc&) {
        return -1;
    }
}

}  // extern "C"
