// SPDX-License-Identifier: LGPL-2.1-or-later
/// A forked child of a test: runs a body, and ends with what that answers.
///
/// The child makes no expectations; what it found is its answer. It must start no thread: the
/// thread sanitizer does not let it.
#pragma once

#include <sys/types.h>

#include <functional>

namespace dmasim::test {

class Forked {
 public:
  /// The child's end: it tells that it got somewhere, and waits to be let go.
  class Line {
   public:
    Line(int tell_fd, int wait_fd) noexcept : tell_fd_(tell_fd), wait_fd_(wait_fd) {}
    void tell() const noexcept;
    void wait() const noexcept;

   private:
    int tell_fd_;
    int wait_fd_;
  };

  explicit Forked(const std::function<int()>& body) : Forked([&](const Line&) { return body(); }) {}
  explicit Forked(const std::function<int(const Line&)>& body);
  ~Forked();  ///< lets go of it; SIGKILL if it stays
  Forked(const Forked&) = delete;
  Forked& operator=(const Forked&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Whether the child told within the watchdog's time.
  [[nodiscard]] bool told() const;
  /// Ends Line::wait(), also in the child's children.
  void let_go();
  void kill();
  /// Its answer, once it is let go; -SIGNAL if a signal ended it, and a failed expectation if the
  /// watchdog had to.
  int wait();

 private:
  pid_t pid_ = -1;
  int told_fd_ = -1;
  int hold_fd_ = -1;
};

}  // namespace dmasim::test
