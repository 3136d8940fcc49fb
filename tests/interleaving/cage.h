// SPDX-License-Identifier: LGPL-2.1-or-later
/// Runs work in a forked child that may deadlock, crash or hang, and receives the child's messages.
#pragma once

#include <functional>
#include <string>

#include "tests/interleaving/world.h"

namespace dmasim::sim {

/// What a message of the child is about.
enum class Topic : char {
  violation,
  schedule_left,
  outcome,
  finding,
  story,
  error_output,
  done,
};

/// The child's end of the pipe.
class Speaker {
 public:
  explicit Speaker(int fd) : fd_(fd) {}
  void say(Topic topic, const std::string& text) const;

 private:
  int fd_;
};

class Cage {
 public:
  using Work = std::function<void(Progress&, const Speaker&)>;
  using Listener = std::function<void(Topic, const std::string&)>;

  Cage();
  ~Cage();
  Cage(const Cage&) = delete;
  Cage& operator=(const Cage&) = delete;

  /// Runs `work` in a child. Returns an empty text if the child has completed the work, else how
  /// the child ended. With `keep_errors`, the child's standard error goes into a last message
  /// instead of the test's standard error.
  std::string run(const Work& work, const Listener& listener, int watchdog_s, bool keep_errors);
  [[nodiscard]] const Progress& progress() const { return *progress_; }

 private:
  bool listen(int fd, const Listener& listener, int watchdog_s);
  bool hangs(int watchdog_s);

  Progress* progress_;
  std::string received_;
  uint64_t steps_seen_ = 0;
  int idle_s_ = 0;
};

}  // namespace dmasim::sim
