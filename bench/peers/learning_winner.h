// What learning_brian2_worker.py asks of a whole group: which neuron is furthest above its threshold, and the sum of its weights.
#pragma once
#include <vector>

struct Tick {
  double over;
  int best;
};

inline Tick &tick() {
  static Tick shared = {-1, -1};
  return shared;
}

/// Neurons come in ascending order.
inline double note_over(int neuron, double over) {
  if (neuron == 0 || over > tick().over) tick() = Tick{over, neuron};
  return over;
}

inline double is_winner(int neuron) { return tick().over >= 0 && tick().best == neuron; }

inline double is_won(int) { return tick().over >= 0; }

/// Noted again once all have been read.
inline std::vector<double> &sums() {
  static std::vector<double> shared;
  return shared;
}

inline std::vector<double> &noted() {
  static std::vector<double> shared;
  return shared;
}

inline double note_weight(int target, double weight) {
  if (noted().size() <= (size_t)target) noted().resize(target + 1);
  noted()[target] += weight;
  return weight;
}

inline double sum_of(int target) {
  if (!noted().empty()) {
    sums() = noted();
    noted().clear();
  }
  return sums()[target];
}
