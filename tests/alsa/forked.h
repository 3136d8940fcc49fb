// SPDX-License-Identifier: LGPL-2.1-or-later
/// A forked child of a test. It runs a body, and the body's answer is its exit status.
///
/// The child makes no expectations: it reports by its answer. It must not start a thread, because
/// the thread sanitizer does not allow it.
#pragma once

#include <sys/types.h>

#include <functional>

namespace dmasim::test {

class Forked {
 public:
  /// The child's end of the line. By it the child notifies the test that it has reached a place,
  /// and waits until the test lets it go on.
  class Line {
   public:
    Line(int notify_fd, int wait_fd) noexcept : notify_fd_(notify_fd), wait_fd_(wait_fd) {}
    void notify() const noexcept;
    void wait() const noexcept;

   private:
    int notify_fd_;
    int wait_fd_;
  };

  explicit Forked(const std::function<int()>& body) : Forked([&](const Line&) { return body(); }) {}
  explicit Forked(const std::function<int(const Line&)>& body);
  ~Forked();  ///< lets the child go on; kills it if it does not end
  Forked(const Forked&) = delete;
  Forked& operator=(const Forked&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Says whether the child has notified the test within the watchdog's time.
  [[nodiscard]] bool notified() const;
  /// Ends Line::wait(), also in the child's children.
  void let_go();
  void kill();
  /// Lets the child go on, waits for its end and returns its answer. -SIGNAL if a signal ended it.
  /// A failed expectation if the watchdog had to end it.
  int wait();

 private:
  pid_t pid_ = -1;
  int notified_fd_ = -1;
  int hold_fd_ = -1;
};

}  // namespace dmasim::test
