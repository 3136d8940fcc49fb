// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace dmasim::dmatest {

/// A thread's random choices. One seed and one thread number give one sequence.
class Dice {
 public:
  Dice(uint64_t seed, unsigned thread) {
    std::seed_seq sequence{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32), thread};
    engine_.seed(sequence);
  }

  [[nodiscard]] uint64_t between(uint64_t min, uint64_t max) {
    return std::uniform_int_distribution<uint64_t>(min, max)(engine_);
  }
  [[nodiscard]] bool percent(unsigned share) { return between(0, 99) < share; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace dmasim::dmatest
