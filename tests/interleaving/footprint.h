// SPDX-License-Identifier: LGPL-2.1-or-later
/// The objects that one step read and wrote. Each kind of object has 64 bits, so two objects may
/// share a bit. Then the search leaves out fewer schedules than it could, but never one too many.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace dmasim::sim {

enum class Kind : uint8_t {
  sync,      ///< a Mutex, a CondVar or a Thread
  lifetime,  ///< whether that object still exists
  test,      ///< the clock, the budget of spurious wake-ups, what yield() names
};

struct ObjectId {
  Kind kind;
  uint32_t number;
};

inline constexpr ObjectId kClock{Kind::test, 0};
inline constexpr ObjectId kSpuriousBudget{Kind::test, 1};
inline constexpr ObjectId kNameless{Kind::test, 2};
inline constexpr uint32_t kFirstNamed = 3;

class Footprint {
 public:
  void read(ObjectId object) { reads_[index(object)] |= bit(object); }
  void write(ObjectId object) { writes_[index(object)] |= bit(object); }
  void write_everything() { writes_.fill(~uint64_t{0}); }

  /// Two independent steps of different fibers lead to the same state in both orders, and neither
  /// enables or disables the other.
  [[nodiscard]] bool independent_of(const Footprint& other) const {
    uint64_t shared = 0;
    for (size_t k = 0; k < reads_.size(); ++k) {
      shared |= writes_[k] & (other.reads_[k] | other.writes_[k]);
      shared |= reads_[k] & other.writes_[k];
    }
    return shared == 0;
  }
  bool operator==(const Footprint&) const = default;

 private:
  using Sets = std::array<uint64_t, 3>;
  static size_t index(ObjectId object) { return static_cast<size_t>(object.kind); }
  /// No named object shares a bit with the three fixed objects of Kind::test.
  static uint64_t bit(ObjectId object) {
    if (object.kind != Kind::test || object.number < kFirstNamed) {
      return uint64_t{1} << (object.number % 64);
    }
    return uint64_t{1} << (kFirstNamed + (object.number - kFirstNamed) % (64 - kFirstNamed));
  }

  Sets reads_{};
  Sets writes_{};
};

}  // namespace dmasim::sim
