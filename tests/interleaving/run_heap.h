// SPDX-License-Identifier: LGPL-2.1-or-later
/// The memory that a program allocates with `new` while it runs. It is one contiguous piece, so the
/// search can copy it, put the copy back, and free all of it at once.
///
/// It does not contain memory from malloc(), and not the program's statics.
#pragma once

#include <cstddef>
#include <span>

namespace dmasim::sim {

class RunHeap {
 public:
  /// Frees everything that was allocated in it.
  static void clear();
  /// The part that is in use, with the heap's own records.
  static std::span<std::byte> contents();
  /// The address at which contents() always begins.
  static std::byte* begin();

  /// Turns it on or off: whether `new` allocates here.
  static void turn(bool on);
  static bool on();
};

/// As long as an object of this class exists, `new` allocates in the usual heap. For what lives
/// longer than a run.
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
