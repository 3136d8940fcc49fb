// SPDX-License-Identifier: LGPL-2.1-or-later
/// This process as the kernel shows it: its threads and descriptors.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

namespace dmasim::test {

std::vector<std::string> thread_names();
bool has_thread(const std::string& name);
/// Says whether a thread sleeps in a system call. `thread` is its gettid().
bool thread_sleeps(pid_t thread);

/// The threads and descriptors. A test expects the same ones before and after.
struct Footprint {
  size_t threads = 0;
  size_t descriptors = 0;
  friend bool operator==(const Footprint&, const Footprint&) = default;
};
std::ostream& operator<<(std::ostream& out, const Footprint& footprint);

/// The footprint to compare with later. First it runs a thread of this program, because a sanitizer
/// starts a thread of its own together with the first one.
Footprint first_footprint();

/// A joined thread may stay visible for a moment. `settled_footprint` waits until it is gone, at
/// most as long as the watchdog.
Footprint footprint();
Footprint settled_footprint(const Footprint& expected);

}  // namespace dmasim::test
