// SPDX-License-Identifier: LGPL-2.1-or-later
/// The mutexes, condition variables and threads of a run.
///
/// Numbers are given in the order of creation. Two schedules may number an object differently only
/// if they differ before its creation, and nobody else knows it before the step that creates it has
/// ended; so a footprint means the same objects wherever it is compared.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/interleaving/names.h"

namespace dmasim::sim {

inline constexpr int kNobody = -1;

struct Object {
  enum class Type : uint8_t { mutex, condvar, thread };
  Type type;
  bool alive;
  int owner;  // the fiber that holds the mutex
  const void* address;
};

/// What a Mutex or CondVar keeps in its native member.
struct Cell {
  uint64_t magic;
  uint32_t run;  // 0: made outside of all runs
  uint32_t number;
};

class Objects {
 public:
  /// Forgets what runs have made. What was made outside of them stays.
  void begin_run();
  void end_run() { running_ = false; }

  /// The objects of a run can be copied and put back, by the caller, together with the run's
  /// number.
  [[nodiscard]] const std::vector<Object>& all() const { return all_; }
  [[nodiscard]] uint32_t run() const { return run_; }
  Object* put_back(size_t count, uint32_t run);

  uint32_t create(Object::Type type, const void* address, int owner = kNobody);
  Cell create_cell(Object::Type type, const void* address);
  /// Null when the cell is not that of a living object.
  Object* find(const Cell& cell) {
    if (cell.magic != kMagic || is_of_other_run(cell)) return nullptr;
    Object& object = all_[cell.number];
    return object.alive ? &object : nullptr;
  }
  /// Why find() is null.
  [[nodiscard]] std::string problem_with(const Cell& cell, Object::Type type) const;
  void destroy(uint32_t number) { all_[number].alive = false; }

  Object& operator[](uint32_t number) { return all_[number]; }
  /// Empty, or what of this run still exists.
  [[nodiscard]] std::string leftovers(const Names& names) const;
  [[nodiscard]] std::string describe(uint32_t number, const Names& names) const;

 private:
  static constexpr uint64_t kMagic = 0x6d6973616d64a55aU;

  [[nodiscard]] bool is_of_other_run(const Cell& cell) const {
    return cell.run != 0 && cell.run != run_;
  }
  [[nodiscard]] std::string within(const Names::Range& range, uint32_t number,
                                   const Names& names) const;

  std::vector<Object> all_;
  size_t lasting_ = 0;  // the first so many were made outside of runs
  uint32_t run_ = 0;    // that is under way
  uint32_t runs_ = 0;
  bool running_ = false;
};

}  // namespace dmasim::sim
