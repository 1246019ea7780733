// Matrices of features by transitions, stored in panels of WIDTH transitions.
//
// Entry (feature f, transition b) lies at data[b / WIDTH * stride + f * WIDTH + b % WIDTH]: a row of
// a panel is one feature of WIDTH transitions. So networks are exact in their numbers of features
// (only the batch is padded), layers may be appended to one another (observation, then action), and
// everything per transition is vectorised along the batch.
#pragma once

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "vectors.h"

struct FreeBuffer {
    void operator()(float* data) const { std::free(data); }
};
using Buffer = std::unique_ptr<float[], FreeBuffer>;

// Return n zeros, aligned to a cache line; at least one more line follows them.
inline Buffer zeros(long n) {
    const long bytes = (n * long(sizeof(float)) + 127) / 64 * 64;
    void* data = std::aligned_alloc(64, bytes);
    if (data == nullptr) throw std::bad_alloc();
    std::memset(data, 0, bytes);
    return Buffer(static_cast<float*>(data));
}

inline int panels_of(int batch) { return (batch + WIDTH - 1) / WIDTH; }

// A view. Transitions beyond `batch` in the last panel are padding: finite, with gradients of zero.
struct Panels {
    float* data = nullptr;
    int rows = 0;
    int batch = 0;
    long stride = 0;

    int count() const { return panels_of(batch); }
    int lanes(int panel) const { return batch - panel * WIDTH < WIDTH ? batch - panel * WIDTH : WIDTH; }
    float* row(int panel, int feature) const { return data + panel * stride + feature * long(WIDTH); }
    Panels panel(int index) const { return {data + index * stride, rows, lanes(index), stride}; }
    // Return the part from row `first` on.
    Panels part(int first, int n) const { return {data + first * long(WIDTH), n, batch, stride}; }
};

// Panels with memory of their own.
struct Matrix {
    Buffer memory;
    Panels view;

    Matrix() = default;
    Matrix(int rows, int batch) {
        const long stride = long(rows) * WIDTH;
        memory = zeros(stride * panels_of(batch));
        view = {memory.get(), rows, batch, stride};
    }
};
