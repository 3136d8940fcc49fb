// SPDX-License-Identifier: LGPL-2.1-or-later
/// The mutexes, condition variables and threads of a run.
///
/// An object's number is its place in the order of creation. Two schedules number an object
/// differently only if they differ before its creation. And no other fiber can use the object
/// before the step that creates it has ended. So the search never compares footprints in which a
/// number means different objects.
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

/// What a Mutex or CondVar has in its native member.
struct Cell {
  uint64_t magic;
  uint32_t run;  // 0: created outside of all runs
  uint32_t number;
};

class Objects {
 public:
  /// Forgets the objects that runs have created. Those that were created outside of runs stay.
  void begin_run();
  void end_run() { running_ = false; }

  /// The caller can copy the objects and the number of a run, and later put both back.
  [[nodiscard]] const std::vector<Object>& all() const { return all_; }
  [[nodiscard]] uint32_t run() const { return run_; }
  Object* put_back(size_t count, uint32_t run);

  uint32_t create(Object::Type type, const void* address, int owner = kNobody);
  Cell create_cell(Object::Type type, const void* address);
  /// The object of the cell; null if it does not exist any more, or never did.
  Object* find(const Cell& cell) {
    if (cell.magic != kMagic || is_of_other_run(cell)) return nullptr;
    Object& object = all_[cell.number];
    return object.alive ? &object : nullptr;
  }
  /// Why find() returns null.
  [[nodiscard]] std::string problem_with(const Cell& cell, Object::Type type) const;
  void destroy(uint32_t number) { all_[number].alive = false; }

  Object& operator[](uint32_t number) { return all_[number]; }
  /// The objects of this run that still exist; empty if there are none.
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
  size_t lasting_ = 0;  // so many objects, the first ones, were created outside of runs
  uint32_t run_ = 0;    // the number of the current run
  uint32_t runs_ = 0;
  bool running_ = false;
};

}  // namespace dmasim::sim
