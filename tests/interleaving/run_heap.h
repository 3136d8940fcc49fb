// SPDX-License-Identifier: LGPL-2.1-or-later
/// The memory that a program takes by `new` while it runs. It lies in one piece, so that the search
/// can copy it, put the copy back, and forget all of it at once.
///
/// Memory by malloc() and a program's statics are not in it.
#pragma once

#include <cstddef>
#include <span>

namespace dmasim::sim {

class RunHeap {
 public:
  /// Forgets everything that was taken.
  static void clear();
  /// What has been taken from it, and its own bookkeeping.
  static std::span<std::byte> contents();
  /// Where contents() begins, also while the heap holds something else.
  static std::byte* begin();

  /// Whether `new` takes from here.
  static void turn(bool on);
  static bool on();
};

/// While one lives, `new` takes from the usual heap: for what outlives a run.
class OutsideRun {
 public:
  OutsideRun() : was_on_(RunHeap::on()) { RunHeap::turn(false); }
  ~OutsideRun() { RunHeap::turn(was_on_); }
  OutsideRun(const OutsideRun&) = delete;
  OutsideRun& operator=(const OutsideRun&) = delete;

 private:
  bool was_on_;
};

}  // namespace dmasim::sim
