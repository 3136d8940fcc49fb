// SPDX-License-Identifier: LGPL-2.1-or-later
/// A worker's random choices. The same seed and worker number always give the same sequence.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>

namespace dmasim::stress {

class Dice {
 public:
  Dice(uint64_t seed, unsigned worker) {
    std::seed_seq sequence{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32), worker};
    engine_.seed(sequence);
  }

  /// A number from 0 to count - 1.
  unsigned below(unsigned count) { return static_cast<unsigned>(engine_() % count); }
  unsigned between(unsigned min, unsigned max) { return min + below(max - min + 1); }
  bool one_in(unsigned count) { return below(count) == 0; }
  template <typename T, size_t N>
  T pick(const std::array<T, N>& from) {
    return from[below(N)];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace dmasim::stress
