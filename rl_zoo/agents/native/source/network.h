// Multi-layer perceptrons of any number and width of layers: linear, activation; or DroQ's: linear,
// dropout, layer normalisation, rectifier.
#pragma once

#include <algorithm>

#include "activations.h"
#include "layer_norm.h"
#include "selection.h"

// What one pass through a network leaves for the way back.
struct Trace {
    struct Level {
        Matrix output, gradient, unit, inverse_std;
        Matrix mask;  // what dropout multiplied by, or the slopes of an activation that is no rectifier
    };
    std::vector<Level> levels;

    const Panels& result() const { return levels.back().output.view; }
    // Return what the last layer was given: the last hidden layer, or `x` if there is none.
    const Panels& latent(const Panels& x) const {
        return levels.size() > 1 ? levels[levels.size() - 2].output.view : x;
    }
    // Become what a pass of the selected transitions alone would have left of the pass `all`.
    void select(const Trace& all, const Selection& selection) {
        for (size_t i = 0; i < levels.size(); ++i) {
            Level& level = levels[i];
            const Level& from = all.levels[i];
            level.gradient.view.batch = selection.size();
            for (Matrix Level::*part : {&Level::output, &Level::unit, &Level::inverse_std, &Level::mask}) {
                (level.*part).view.batch = selection.size();
                if (i + 1 < levels.size())
                    selection.gather((from.*part).view, (level.*part).view);
            }
        }
    }

    // Where the gradient of the loss with respect to the result is written.
    const Panels& result_gradient() const { return levels.back().gradient.view; }
};

class Network {
   public:
    std::vector<Linear> linears;
    std::vector<LayerNorm> norms;  // none, or one per hidden layer
    Dropout dropout;
    Activation activation = Activation::relu;  // dropout and norms come with the rectifier only

    // sizes: inputs, hidden layers, outputs.
    void shape(const std::vector<int>& sizes, bool layer_norm, float dropout_rate) {
        const int n = int(sizes.size()) - 1;
        linears.resize(n);
        for (int i = 0; i < n; ++i) linears[i].shape(sizes[i], sizes[i + 1]);
        norms.resize(layer_norm ? n - 1 : 0);
        for (size_t i = 0; i < norms.size(); ++i) norms[i].shape(sizes[i + 1]);
        dropout.rate = dropout_rate;
    }

    Trace trace(int batch) const {
        Trace trace;
        const int last = int(linears.size()) - 1;
        for (int i = 0; i <= last; ++i) {
            Trace::Level& level = trace.levels.emplace_back();
            level.output = Matrix(linears[i].out, batch);
            level.gradient = Matrix(linears[i].out, batch);
            if (i == last) continue;
            if (dropout.rate > 0 || activation != Activation::relu) level.mask = Matrix(linears[i].out, batch);
            if (norms.empty()) continue;
            level.unit = Matrix(linears[i].out, batch);
            level.inverse_std = Matrix(1, batch);
        }
        return trace;
    }

    // Compute the trace's result, panel by panel: what a layer wrote is still near for the next one.
    // Dropout draws its masks unless they are `given`.
    void forward(const Panels& x, Trace& trace, LaneRandom& random, bool given) const {
        const int last = int(linears.size()) - 1;
        const bool plain = norms.empty() && dropout.rate == 0 && activation == Activation::relu;
        for (int p = 0; p < x.count(); ++p) {
            Panels input = x.panel(p);
            for (int i = 0; i <= last; ++i) {
                const Trace::Level& level = trace.levels[i];
                const Panels y = level.output.view.panel(p);
                linears[i].forward(input, y, i < last && plain);
                input = y;
                if (i == last || plain) continue;
                const Panels mask = level.mask.view.panel(p);
                if (activation != Activation::relu) {
                    activate(activation, y, mask);
                    continue;
                }
                if (dropout.rate > 0) {
                    if (!given) dropout.draw(mask, random);
                    if (norms.empty()) Dropout::apply(mask, y);
                }
                if (norms.empty())
                    rectify(y);
                else
                    norms[i].forward(y, mask, level.unit.view.panel(p), level.inverse_std.view.panel(p));
            }
        }
    }

    // Compute gradients of the parameters if `weights`, and those of the input rows that `dx` names.
    // `more` is added to the gradient of the last hidden layer's output.
    void backward(const Panels& x, Trace& trace, bool weights, const Panels* dx, int first, float* scratch,
                  const Panels* more = nullptr) {
        for (int i = int(linears.size()) - 1; i >= 0; --i) {
            const Panels& dy = trace.levels[i].gradient.view;
            const Panels& input = i > 0 ? trace.levels[i - 1].output.view : x;
            if (weights) linears[i].backward_weights(dy, input, scratch);
            if (i == 0) {
                if (dx != nullptr) linears[0].backward_input(dy, *dx, first, nullptr);
                return;
            }
            Trace::Level& below = trace.levels[i - 1];
            const Panels* gate = activation == Activation::relu ? &input : nullptr;
            linears[i].backward_input(dy, below.gradient.view, 0, gate);
            const Panels& d = below.gradient.view;
            if (more != nullptr && i + 1 == int(linears.size())) add(*more, d);
            if (!norms.empty())
                norms[i - 1].backward(d, below.mask.view, below.unit.view, below.inverse_std.view, weights);
            else if (below.mask.view.data != nullptr)
                Dropout::apply(below.mask.view, d);
        }
    }

    void step(const Adam& adam) {
        for (Linear& linear : linears) linear.step(adam);
        for (LayerNorm& norm : norms) norm.step(adam);
    }

    void refresh() {
        for (Linear& linear : linears) linear.refresh();
    }

    // Follow `source` by the share tau.
    void follow(const Network& source, float tau) {
        for (size_t i = 0; i < linears.size(); ++i) {
            for (size_t j = 0; j < linears[i].weights.size(); ++j) {
                polyak(linears[i].weights[j], source.linears[i].weights[j], tau);
                polyak(linears[i].biases[j], source.linears[i].biases[j], tau);
            }
        }
        for (size_t i = 0; i < norms.size(); ++i) {
            polyak(norms[i].scale, source.norms[i].scale, tau);
            polyak(norms[i].shift, source.norms[i].shift, tau);
        }
        refresh();
    }

   private:
    // Zero stays zero where a rectifier is closed: `more` is a multiple of its output.
    static void add(const Panels& more, const Panels& to) {
        for (long i = 0; i < to.stride * to.count(); ++i) to.data[i] += more.data[i];
    }

    static void rectify(const Panels& y) {
        const long n = y.stride * y.count();
        for (long i = 0; i < n; ++i) y.data[i] = y.data[i] < 0 ? 0 : y.data[i];
    }
};
