// Parts of the native learner that have no place in its interface, for test_native_parts.py.
#include "activations.h"
#include "elementary.h"
#include "quantiles.h"
#include "selection.h"

extern "C" {

void elementary(int kind, const float* x, float* y, long n) {
    for (long i = 0; i < n; ++i) y[i] = kind == 0 ? fast_exp(x[i]) : kind == 1 ? fast_log(x[i]) : fast_tanh(x[i]);
}

// Activation `kind` of x, and its slopes; n numbers, a multiple of the width.
void activation(int kind, float* values, float* slopes, int n) {
    const Panels y{values, n / WIDTH, WIDTH, n}, to{slopes, n / WIDTH, WIDTH, n};
    activate(Activation(kind), y, to);
}

int width() { return WIDTH; }

// Sort the columns of (n, WIDTH).
void sort_columns(float* rows, int n) { sort_rows(rows, n); }

// values: (n_rows, batch). Gather the transitions `chosen`, negate them, put them back.
void negate_chosen(float* values, int n_rows, int batch, const int* chosen, int n_chosen) {
    Matrix all(n_rows, batch), some(n_rows, batch);
    for (int f = 0; f < n_rows; ++f)
        for (int t = 0; t < batch; ++t) all.view.row(t / WIDTH, f)[t % WIDTH] = values[f * batch + t];
    Selection selection;
    for (int i = 0; i < n_chosen; ++i) selection.append(chosen[i]);
    Panels side_by_side = some.view;
    side_by_side.batch = selection.size();
    selection.gather(all.view, side_by_side);
    for (int p = 0; p < side_by_side.count(); ++p)
        for (int f = 0; f < n_rows; ++f)
            for (int b = 0; b < WIDTH; ++b) side_by_side.row(p, f)[b] *= -1;
    selection.scatter(side_by_side, all.view);
    for (int f = 0; f < n_rows; ++f)
        for (int t = 0; t < batch; ++t) values[f * batch + t] = all.view.row(t / WIDTH, f)[t % WIDTH];
}

}  // extern "C"
