// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the kernel says of this process: its threads and descriptors.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

namespace dmasim::test {

std::vector<std::string> thread_names();
bool has_thread(const std::string& name);
/// Whether it sleeps in a call of the kernel. `thread` as gettid() says.
bool thread_sleeps(pid_t thread);

/// What must be the same before and after.
struct Footprint {
  size_t threads = 0;
  size_t descriptors = 0;
  friend bool operator==(const Footprint&, const Footprint&) = default;
};
std::ostream& operator<<(std::ostream& out, const Footprint& footprint);

/// The footprint to compare with later: taken after a first thread of this program's own, since a
/// sanitizer starts one of its own beside that.
Footprint first_footprint();

/// A joined thread may stay visible for a moment: `settled_footprint` waits for that, but no longer
/// than the watchdog.
Footprint footprint();
Footprint settled_footprint(const Footprint& expected);

}  // namespace dmasim::test
