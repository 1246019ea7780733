// Some transitions of a batch, put side by side, so that work on the others is saved.
#pragma once

#include <vector>

#include "panels.h"

class Selection {
   public:
    int size() const { return size_; }

    void clear() {
        size_ = 0;
        pieces_.clear();
    }

    // Append a transition of the batch; they must come in ascending order.
    void append(int transition) {
        const int panel = transition / WIDTH, lane = transition % WIDTH, vector = lane / LANES * LANES;
        const int to_panel = size_ / WIDTH;
        if (pieces_.empty() || pieces_.back().panel != panel || pieces_.back().vector != vector ||
            pieces_.back().to_panel != to_panel)
            pieces_.push_back({panel, vector, to_panel, size_ % WIDTH, 0, Lanes{}});
        Piece& piece = pieces_.back();
        piece.order[piece.n++] = lane - vector;
        ++size_;
    }

    // Copy the selected transitions. Whole vectors are written: what is behind the last lane of a piece
    // is overwritten by the next piece, and behind the last lane of a row by the next row.
    void gather(const Panels& from, const Panels& to) const {
        for (size_t done = 0; done < pieces_.size();) {
            const float* source[WIDTH];
            float* target[WIDTH];
            Lanes order[WIDTH];
            const int panel = pieces_[done].to_panel;
            int n = 0;
            for (; done < pieces_.size() && pieces_[done].to_panel == panel; ++done, ++n) {
                const Piece& piece = pieces_[done];
                source[n] = from.row(piece.panel, 0) + piece.vector;
                target[n] = to.row(panel, 0) + piece.to_lane;
                order[n] = piece.order;
            }
            for (long at = 0; at < long(to.rows) * WIDTH; at += WIDTH)
                for (int i = 0; i < n; ++i) store(target[i] + at, permute(load(source[i] + at), order[i]));
        }
    }

    // Copy from side by side to the transitions' own places.
    void scatter(const Panels& from, const Panels& to) const {
        for (const Piece& piece : pieces_)
            for (int f = 0; f < from.rows; ++f)
                for (int i = 0; i < piece.n; ++i)
                    to.row(piece.panel, f)[piece.vector + piece.order[i]] =
                        from.row(piece.to_panel, f)[piece.to_lane + i];
    }

   private:
    // Lanes of one vector, and where they go within one panel.
    struct Piece {
        int panel, vector, to_panel, to_lane, n;
        Lanes order;
    };
    int size_ = 0;
    std::vector<Piece> pieces_;
};
