// SAC, TQC, DroQ, TD3 and DDPG as stages that mirror their equations.
//
// Haarnoja et al. 2018 (SAC), Kuznetsov et al. 2020 (TQC), Hiraoka et al. 2022 (DroQ),
// Fujimoto et al. 2018 (TD3), Lillicrap et al. 2016 (DDPG). The order of the updates is SB3's.
#pragma once

#include <memory>

#include "gaussian.h"
#include "network.h"
#include "quantiles.h"
#include "settings.h"
#include "state_noise.h"

class Learner {
   public:
    Network actor, actor_target;
    std::vector<Network> critics, critic_targets;

    explicit Learner(const Settings& settings)
        : critics(settings.n_critics),
          critic_targets(settings.n_critics),
          s_(settings),
          batch_(settings.n_observations, settings.n_actions, settings.batch),
          policy_(settings.n_actions, settings.batch),
          wanted_(std::max(1, settings.n_outputs * settings.n_critics), settings.batch),
          d_actions_(settings.n_actions, settings.batch),
          d_actions_of_one_(settings.n_actions, settings.batch),
          scratch_(zeros(long(panels_of(settings.batch)) * WIDTH * WIDTH)),
          random_(settings.seed) {}

    // Make the workspaces, once all networks have their shapes.
    void prepare() {
        actor_trace_ = actor.trace(s_.batch);
        for (const Network& critic : critics) critic_traces_.push_back(critic.trace(s_.batch));
        selected_trace_ = critics[0].trace(s_.batch);
        selections_.resize(critics.size());
    }

    // Explore with noise that depends on the state; after the actor has its parameters.
    void explore(const Block& log_std, bool use_expln, float limit) {
        state_noise_.attach(actor.linears.back(), log_std, use_expln, limit, s_.batch);
    }

    // Dropout's generator.
    LaneRandom& random() { return random_; }

    void update(const Call& call, const Rates& rates, Losses& losses) {
        rates_ = rates;
        masks_ = call.masks;
        refresh();
        state_noise_.forget();
        for (int64_t i = 0; i < call.n_updates; ++i) {
            const bool actor_is_due = (call.done_before + i + 1) % s_.policy_delay == 0;
            gather(*call.replay, call.rows + i * s_.batch, s_.n_observations, s_.n_actions, s_.discount, batch_);
            act_in_next(call.next_noise + i * call.noise_stride);
            compute_targets();
            losses.critic += update_critics();
            losses.coefficient += coefficient();
            ++losses.n_critic;
            if (actor_is_due) {
                act_in_current(call.current_noise ? call.current_noise + i * call.noise_stride : nullptr);
                losses.actor += update_actor();
                losses.entropy += update_coefficient();
                ++losses.n_actor;
            }
            if (s_.deterministic_actor ? actor_is_due : (call.offset + i) % s_.target_update_interval == 0)
                update_targets();
        }
    }

   private:
    Settings s_;
    Rates rates_{};
    Batch batch_;
    SquashedGaussian policy_;
    StateNoise state_noise_;  // gSDE's policy instead, if it was attached
    Matrix wanted_, d_actions_, d_actions_of_one_;
    Buffer scratch_;
    LaneRandom random_;
    const float* masks_ = nullptr;
    Trace actor_trace_;
    std::vector<Trace> critic_traces_;
    Trace selected_trace_;
    std::vector<Selection> selections_;  // per critic: the transitions where it is the smallest

    void refresh() {
        actor.refresh(), actor_target.refresh();
        for (Network& critic : critics) critic.refresh();
        for (Network& target : critic_targets) target.refresh();
    }

    double coefficient() const {
        if (s_.deterministic_actor) return 0;
        return rates_.log_coefficient.value ? std::exp(*rates_.log_coefficient.value) : rates_.coefficient;
    }

    Panels observations(const Matrix& of) const { return of.view.part(0, s_.n_observations); }
    Panels actions(const Matrix& of) const { return of.view.part(s_.n_observations, s_.n_actions); }

    // a ~ pi(s), and log pi(a | s).
    void sample_policy(const Matrix& of, const float* noise) {
        const Panels x = observations(of);
        if (state_noise_) state_noise_.draw(noise, actor.linears.back());
        actor.forward(x, actor_trace_, random_, false);
        const Panels& heads = actor_trace_.result();
        if (state_noise_) {
            state_noise_.sample(actor_trace_.latent(x), heads, actions(of), policy_.log_prob.view);
            return;
        }
        policy_.take_noise(noise);
        policy_.sample(heads, actions(of));
    }

    // a' ~ pi(s'); TD3: a' = clip(pi'(s') + noise, -1, 1).
    void act_in_next(const float* noise) {
        if (!s_.deterministic_actor) return sample_policy(batch_.next, noise);
        const Panels to = actions(batch_.next);
        actor_target.forward(observations(batch_.next), actor_trace_, random_, false);
        const float limit = float(s_.noise_clip);
        for (int p = 0; p < to.count(); ++p)
            for (int j = 0; j < s_.n_actions; ++j)
                for (int b = 0; b < to.lanes(p); ++b) {
                    float e = noise[(long(p) * WIDTH + b) * s_.n_actions + j];
                    e = std::min(std::max(e, -limit), limit);
                    const float a = fast_tanh(actor_trace_.result().row(p, j)[b]) + e;
                    to.row(p, j)[b] = std::min(std::max(a, -1.0f), 1.0f);
                }
    }

    // y = r + discount (1 - terminated) (Q'(s', a') - coefficient log pi(a' | s')), where Q' is the
    // smallest of the critics, or each of TQC's smallest quantiles.
    void compute_targets() {
        const float alpha = float(coefficient());
        for (int c = 0; c < s_.n_critics; ++c) run_critic(critic_targets[c], c, batch_.next.view);
        const int n = s_.n_outputs;
        const int kept = n > 1 ? s_.n_targets : 1;
        for (int p = 0; p < wanted_.view.count(); ++p) {
            for (int c = 0; c < s_.n_critics; ++c)
                for (int i = 0; i < n; ++i)
                    std::copy_n(critic_traces_[c].result().row(p, i), WIDTH, wanted_.view.row(p, c * n + i));
            sort_rows(wanted_.view.row(p, 0), n * s_.n_critics);
            const float* reward = batch_.rewards.view.row(p, 0);
            const float* factor = batch_.continues.view.row(p, 0);
            const float* log_p = policy_.log_prob.view.row(p, 0);
            for (int i = 0; i < kept; ++i) {
                float* y = wanted_.view.row(p, i);
                for (int b = 0; b < WIDTH; ++b) y[b] = reward[b] + factor[b] * (y[b] - alpha * log_p[b]);
            }
        }
    }

    // Descend the squared error (TQC: the quantile Huber loss) of every critic.
    double update_critics() {
        double loss = 0;
        for (int c = 0; c < s_.n_critics; ++c) {
            run_critic(critics[c], c, batch_.current.view);
            Trace& trace = critic_traces_[c];
            if (s_.n_outputs > 1) {
                const double pairs = double(s_.batch) * s_.n_critics * s_.n_outputs * s_.n_targets;
                loss += quantile_huber(trace.result(), wanted_.view, s_.n_targets, float(1 / pairs),
                                       trace.result_gradient());
            } else {
                loss += squared_error(trace.result(), wanted_.view, trace.result_gradient());
            }
        }
        for (int c = 0; c < s_.n_critics; ++c) {
            critics[c].backward(batch_.current.view, critic_traces_[c], true, nullptr, 0, scratch_.get());
            critics[c].step(rates_.critic);
        }
        return loss;
    }

    // TD3 takes the whole squared error, SAC half of it.
    double squared_error(const Panels& values, const Panels& wanted, const Panels& gradient) const {
        const float share = s_.deterministic_actor ? 1.0f : 0.5f;
        double loss = 0;
        for (int p = 0; p < values.count(); ++p)
            for (int b = 0; b < values.lanes(p); ++b) {
                const float error = values.row(p, 0)[b] - wanted.row(p, 0)[b];
                gradient.row(p, 0)[b] = 2 * share * error / float(s_.batch);
                loss += double(error) * error;
            }
        return share * loss / s_.batch;
    }

    // a ~ pi(s), in the place of the replayed actions.
    void act_in_current(const float* noise) {
        if (!s_.deterministic_actor) return sample_policy(batch_.current, noise);
        const Panels to = actions(batch_.current);
        actor.forward(observations(batch_.current), actor_trace_, random_, false);
        for (int p = 0; p < to.count(); ++p)
            for (int j = 0; j < s_.n_actions; ++j)
                for (int b = 0; b < WIDTH; ++b) to.row(p, j)[b] = fast_tanh(actor_trace_.result().row(p, j)[b]);
    }

    // Ascend Q(s, a) - coefficient log pi(a | s) along the actions.
    double update_actor() {
        const int used = s_.deterministic_actor ? 1 : s_.n_critics;  // TD3 asks its first critic
        for (int c = 0; c < used; ++c) run_critic(critics[c], c, batch_.current.view);
        double loss = -(s_.mean_of_critics || used == 1 ? ascend_mean(used) : ascend_smallest(used));
        const Panels d = d_actions_.view;
        const Panels x = observations(batch_.current), a = actions(batch_.current);
        const Panels heads = actor_trace_.result(), d_heads = actor_trace_.result_gradient();
        if (s_.deterministic_actor) {
            for (int p = 0; p < a.count(); ++p)
                for (int j = 0; j < s_.n_actions; ++j)
                    for (int b = 0; b < WIDTH; ++b)
                        d_heads.row(p, j)[b] = d.row(p, j)[b] * (1 - a.row(p, j)[b] * a.row(p, j)[b]);
        } else {
            const double alpha = coefficient();
            if (state_noise_)
                state_noise_.backward(actor_trace_.latent(x), heads, a, d, float(alpha), d_heads, scratch_.get());
            else
                policy_.backward(heads, a, d, float(alpha), d_heads);
            loss += alpha * mean_log_prob();
        }
        const Panels* more = state_noise_ ? &state_noise_.d_latent.view : nullptr;
        actor.backward(x, actor_trace_, true, nullptr, 0, scratch_.get(), more);
        if (state_noise_) state_noise_.step(rates_.actor, actor.linears.back());
        actor.step(rates_.actor);
        return loss;
    }

    // Compute the gradient along the actions of the mean of all the critics' outputs; return that mean.
    double ascend_mean(int used) {
        double total = 0;
        const float share = 1.0f / float(used * s_.n_outputs * s_.batch);
        const Panels d = d_actions_.view, of_one = d_actions_of_one_.view;
        for (int c = 0; c < used; ++c) {
            const Panels q = critic_traces_[c].result(), d_q = critic_traces_[c].result_gradient();
            for (int p = 0; p < q.count(); ++p)
                for (int i = 0; i < q.rows; ++i)
                    for (int b = 0; b < q.lanes(p); ++b) d_q.row(p, i)[b] = -share, total += q.row(p, i)[b];
            differentiate(c, critic_traces_[c], c == 0 ? d : of_one);
            if (c > 0)
                for (long i = 0; i < d.stride * d.count(); ++i) d.data[i] += of_one.data[i];
        }
        return total * share;
    }

    // The same for the smallest of the critics. A critic that is not the smallest has no gradient:
    // each passes back only its own transitions, side by side.
    double ascend_smallest(int used) {
        double total = 0;
        const float share = 1.0f / float(s_.batch);
        for (Selection& selection : selections_) selection.clear();
        for (int i = 0; i < s_.batch; ++i) {
            int smallest = 0;
            const auto q = [&](int c) { return critic_traces_[c].result().row(i / WIDTH, 0)[i % WIDTH]; };
            for (int c = 1; c < used; ++c)
                if (q(c) < q(smallest)) smallest = c;
            selections_[smallest].append(i);
            total += q(smallest);
        }
        for (int c = 0; c < used; ++c) {
            selected_trace_.select(critic_traces_[c], selections_[c]);
            const Panels d_q = selected_trace_.result_gradient();
            for (int p = 0; p < d_q.count(); ++p)
                for (int b = 0; b < WIDTH; ++b) d_q.row(p, 0)[b] = -share;
            Panels of_selected = d_actions_of_one_.view;
            of_selected.batch = selections_[c].size();
            differentiate(c, selected_trace_, of_selected);
            selections_[c].scatter(of_selected, d_actions_.view);
        }
        return total * share;
    }

    // Compute the gradient along the actions that a critic's `trace` passes back.
    void differentiate(int critic, Trace& trace, const Panels& d_actions) {
        critics[critic].backward(batch_.current.view, trace, false, &d_actions, s_.n_observations, scratch_.get());
    }

    double mean_log_prob() const {
        const Panels& log_p = policy_.log_prob.view;
        double sum = 0;
        for (int p = 0; p < log_p.count(); ++p)
            for (int b = 0; b < log_p.lanes(p); ++b) sum += log_p.row(p, 0)[b];
        return sum / s_.batch;
    }

    // Descend -log(coefficient) (log pi + target entropy).
    double update_coefficient() {
        const Block& block = rates_.log_coefficient;
        if (s_.deterministic_actor || block.value == nullptr) return 0;
        const float surplus = float(mean_log_prob() + s_.target_entropy);
        const double loss = -double(*block.value) * surplus;
        const float gradient = -surplus;
        adam_step(rates_.entropy, block, &gradient);
        return loss;
    }

    void update_targets() {
        const float tau = float(s_.tau);
        for (int c = 0; c < s_.n_critics; ++c) critic_targets[c].follow(critics[c], tau);
        if (s_.deterministic_actor) actor_target.follow(actor, tau);
    }

    void run_critic(const Network& critic, int index, const Panels& x) {
        Trace& trace = critic_traces_[index];
        const bool given = masks_ != nullptr && critic.dropout.rate > 0;
        if (given)
            for (size_t i = 0; i + 1 < trace.levels.size(); ++i) take_mask(trace.levels[i].mask.view);
        critic.forward(x, trace, random_, given);
    }

    // Copy a mask of shape (batch, features).
    void take_mask(const Panels& to) {
        for (int p = 0; p < to.count(); ++p)
            for (int b = 0; b < to.lanes(p); ++b)
                for (int f = 0; f < to.rows; ++f) to.row(p, f)[b] = masks_[(long(p) * WIDTH + b) * to.rows + f];
        masks_ += long(to.batch) * to.rows;
    }
};
