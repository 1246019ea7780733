// Generalised state-dependent exploration (gSDE, Raffin et al. 2022): a = tanh(mean + M^T x), where x is
// the actor's last hidden layer and M a matrix of noise, the same for all transitions of an update.
#pragma once

#include <cmath>

#include "elementary.h"
#include "linear.h"

// The policy x -> tanh(N(mean(x), (x^2)^T std^2)) with M = std * noise, entry by entry.
class StateNoise {
   public:
    Matrix d_latent;  // what the spread adds to the gradient of x

    explicit operator bool() const { return n_actions_ > 0; }

    // Append the noise to the layer of the means: its outputs are the means, then M^T x.
    // log_std: (features, actions). limit: of the means' absolute values, infinity: none.
    void attach(Linear& means, const Block& log_std, bool use_expln, float limit, int batch) {
        n_features_ = means.in, n_actions_ = means.out;
        log_std_ = log_std, use_expln_ = use_expln, limit_ = limit;
        const long size = long(n_features_) * n_actions_;
        for (Buffer* memory : {&std_, &matrix_, &variances_, &gradient_}) *memory = zeros(size);
        no_bias_ = zeros(n_actions_);
        means.shape(n_features_, 2 * n_actions_);
        means.weights.push_back(constant(matrix_, size));
        means.biases.push_back(constant(no_bias_, n_actions_));
        spread_.shape(n_features_, n_actions_);
        spread_.weights = {constant(variances_, size)};
        spread_.biases = {constant(no_bias_, n_actions_)};
        spread_.refresh();
        d_latent = Matrix(n_features_, batch), squares_ = Matrix(n_features_, batch);
        for (Matrix* m : {&variance_, &distance_, &d_variance_}) *m = Matrix(n_actions_, batch);
    }

    // Compute M with the present standard deviations. noise: (features, actions), standard normal.
    // The same noise again leaves M as it is, until `forget`.
    void draw(const float* noise, Linear& means) {
        if (noise == noise_) return;
        noise_ = noise;
        for (int f = 0; f < n_features_; ++f)
            for (int j = 0; j < n_actions_; ++j) {
                const long from = f * long(n_actions_) + j, to = j * long(n_features_) + f;
                std_[from] = deviation(log_std_.value[from]);
                matrix_[to] = std_[from] * noise[from];
                variances_[to] = std_[from] * std_[from];
            }
        means.refresh();
    }

    // Let the next noise count, wherever it lies.
    void forget() { noise_ = nullptr; }

    // heads: what the layer of the means computed from `latent`.
    void sample(const Panels& latent, const Panels& heads, const Panels& actions, const Panels& log_prob) {
        square(latent);
        spread_.forward(squares_.view, variance_.view, false);
        for (int p = 0; p < heads.count(); ++p) {
            float* log_p = log_prob.row(p, 0);
            for (int b = 0; b < WIDTH; ++b) log_p[b] = 0;
            for (int j = 0; j < n_actions_; ++j)
                sample_row(heads.row(p, j), heads.row(p, n_actions_ + j), limit_, variance_.view.row(p, j),
                           distance_.view.row(p, j), actions.row(p, j), log_p);
        }
    }

    // Gradient of mean(coefficient * log_prob + rest) with respect to the heads and, by the spread, to
    // `latent`, where `d_actions` is that of `rest` with respect to the actions.
    void backward(const Panels& latent, const Panels& heads, const Panels& actions, const Panels& d_actions,
                  float coefficient, const Panels& d_heads, float* scratch) {
        const float weight = coefficient / float(heads.batch);
        for (int p = 0; p < heads.count(); ++p)
            for (int j = 0; j < n_actions_; ++j) {
                const float *a = actions.row(p, j), *mean = heads.row(p, j), *d_a = d_actions.row(p, j);
                const float *v = variance_.view.row(p, j), *z = distance_.view.row(p, j);
                float *d_mean = d_heads.row(p, j), *d_noise = d_heads.row(p, n_actions_ + j);
                float* d_v = d_variance_.view.row(p, j);
                for (int b = 0; b < heads.lanes(p); ++b) {
                    const float slope = 1 - a[b] * a[b];
                    const bool follows = std::fabs(a[b]) <= LARGEST;
                    const float pull = weight * z[b] / v[b];
                    const float squash = weight * 2 * a[b] * slope / (slope + TANH_EPSILON);
                    d_noise[b] = d_a[b] * slope + (follows ? squash - pull : 0);
                    d_mean[b] = std::fabs(mean[b]) < limit_ ? d_noise[b] + pull : 0;
                    d_v[b] = weight * (z[b] * z[b] / v[b] - 1) / (2 * v[b]);
                }
            }
        spread_.backward_weights(d_variance_.view, squares_.view, scratch);
        spread_.backward_input(d_variance_.view, d_latent.view, 0, nullptr);
        for (int p = 0; p < latent.count(); ++p)
            for (int f = 0; f < n_features_; ++f)
                for (int b = 0; b < WIDTH; ++b) d_latent.view.row(p, f)[b] *= 2 * latent.row(p, f)[b];
    }

    // Descend along log std; the layer of the means has just found the gradient of M.
    void step(const Adam& adam, const Linear& means) {
        const float* d_matrix = means.weight_gradient.get() + long(n_features_) * n_actions_;
        for (int f = 0; f < n_features_; ++f)
            for (int j = 0; j < n_actions_; ++j) {
                const long at = f * long(n_actions_) + j, turned = j * long(n_features_) + f;
                const float d = d_matrix[turned] * noise_[at] + 2 * std_[at] * spread_.weight_gradient[turned];
                gradient_[at] = d * slope(log_std_.value[at], std_[at]);
            }
        adam_step(adam, log_std_, gradient_.get());
        forget();
    }

   private:
    static constexpr float EPSILON = 1e-6f, TANH_EPSILON = 1e-6f;  // SB3's
    static constexpr float LARGEST = 1 - 1.1920929e-7f;            // action whose artanh SB3 takes
    static constexpr float FARTHEST = 8.317766f;                   // that artanh
    static constexpr float HALF_LOG_2PI = 0.9189385332046727f;
    int n_features_ = 0, n_actions_ = 0;
    Block log_std_{};
    bool use_expln_ = false;
    float limit_ = 0;
    const float* noise_ = nullptr;
    Buffer std_, matrix_, variances_, gradient_, no_bias_;
    Linear spread_;
    Matrix squares_, variance_, distance_, d_variance_;  // distance: of the action before tanh from its mean

    static Block constant(const Buffer& memory, long size) {
        return {memory.get(), nullptr, nullptr, nullptr, size};
    }

    float deviation(float log_std) const {
        return use_expln_ && log_std > 0 ? std::log1p(log_std + EPSILON) + 1 : std::exp(log_std);
    }

    float slope(float log_std, float std) const {
        return use_expln_ && log_std > 0 ? 1 / (1 + log_std + EPSILON) : std;
    }

    void square(const Panels& latent) {
        for (int p = 0; p < latent.count(); ++p)
            for (int f = 0; f < n_features_; ++f) {
                const float* __restrict x = latent.row(p, f);
                float* __restrict to = squares_.view.row(p, f);
                for (int b = 0; b < WIDTH; ++b) to[b] = x[b] * x[b];
            }
    }

    // One action of WIDTH transitions; the variance gets SB3's epsilon.
    static __attribute__((noinline)) void sample_row(
        const float* __restrict mean, const float* __restrict noise, float limit, float* __restrict v,
        float* __restrict z, float* __restrict a, float* __restrict log_p) {
        for (int b = 0; b < WIDTH; ++b) {
            const float low = mean[b] < -limit ? -limit : mean[b];
            const float m = low > limit ? limit : low;
            const float x = m + noise[b];
            a[b] = fast_tanh(x);
            const float near = x > FARTHEST ? FARTHEST : x;
            z[b] = (near < -FARTHEST ? -FARTHEST : near) - m;
            v[b] += EPSILON;
            log_p[b] -= 0.5f * z[b] * z[b] / v[b] + 0.5f * fast_log(v[b]) + HALF_LOG_2PI;
            const float size = std::fabs(a[b]), kept = size > LARGEST ? LARGEST : size;
            log_p[b] -= fast_log(1 - kept * kept + TANH_EPSILON);
        }
    }
};
