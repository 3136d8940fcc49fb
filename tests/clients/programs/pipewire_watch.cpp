// SPDX-License-Identifier: LGPL-2.1-or-later
/// Observes the graph as pw-top does, until SIGTERM or SIGINT. Then it prints one line for each
/// driver and each follower: `driver NAME cycles N quantum FRAMES errors N`, and `follower NAME of
/// DRIVER cycles N errors N`.
///     pipewire_watch
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <string>
#include <utility>

#include "tests/clients/programs/pipewire_session.h"

namespace dmasim::test {
namespace {

volatile std::sig_atomic_t ended = 0;

struct Watched {
  uint64_t cycles = 0;
  uint64_t errors = 0;
  int64_t quantum = 0;
  uint32_t first_xruns = 0;
};

using Name = std::pair<std::string, std::string>;  // driver, follower

class Watch {
 public:
  void add(const DriverCycle& cycle) {
    Watched& driver = watched_[{cycle.name, ""}];
    if (driver.cycles++ == 0) driver.first_xruns = cycle.xruns;
    driver.errors = cycle.xruns - driver.first_xruns;
    driver.quantum = cycle.duration_frames;
    for (const FollowerCycle& follower : cycle.followers) {
      if (follower.id == cycle.id) continue;
      Watched& one = watched_[{cycle.name, follower.name}];
      ++one.cycles;
      one.errors += follower.completed ? 0 : 1;
    }
  }

  void print() const {
    for (const auto& [name, one] : watched_) {
      if (name.second.empty()) {
        std::printf("driver %s cycles %llu quantum %lld errors %llu\n", name.first.c_str(),
                    static_cast<unsigned long long>(one.cycles),
                    static_cast<long long>(one.quantum),
                    static_cast<unsigned long long>(one.errors));
      } else {
        std::printf("follower %s of %s cycles %llu errors %llu\n", name.second.c_str(),
                    name.first.c_str(), static_cast<unsigned long long>(one.cycles),
                    static_cast<unsigned long long>(one.errors));
      }
    }
  }

 private:
  std::map<Name, Watched> watched_;
};

void work() {
  constexpr int kMostSeconds = 600;
  PipewireSession session;
  Watch watch;
  session.run_until(
      [&] {
        for (const DriverCycle& cycle : session.cycles()) watch.add(cycle);
        session.clear_cycles();
        return ended != 0;
      },
      kMostSeconds);
  watch.print();
}

}  // namespace
}  // namespace dmasim::test

int main() {
  const auto end = [](int) { dmasim::test::ended = 1; };
  std::signal(SIGTERM, end);
  std::signal(SIGINT, end);
  try {
    dmasim::test::work();
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pipewire_watch: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
