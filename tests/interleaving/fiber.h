// SPDX-License-Identifier: LGPL-2.1-or-later
/// A stack on which a function runs, and the switch from one such stack to another. All fibers
/// belong to one OS thread.
#pragma once

#include <cstddef>
#include <span>

#if !defined(__x86_64__) || defined(DMASIM_SIM_UCONTEXT)
#define DMASIM_SIM_USE_UCONTEXT 1
#include <ucontext.h>
#endif

namespace dmasim::sim {

class Fiber {
 public:
  using Entry = void (*)();  ///< never returns; it ends with switch_for_good()

  /// The OS thread's own stack.
  Fiber() = default;
  explicit Fiber(size_t stack_bytes);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// The next switch to this fiber calls `entry` on an empty stack.
  void prepare(Entry entry);

  /// To return a suspended fiber to an earlier point, copy this and the used part of its stack, and
  /// put both back. An exception in flight cannot be copied.
  struct Image {
    void* stack_pointer;
    Entry entry;
  };
  [[nodiscard]] static bool can_be_copied();
  [[nodiscard]] bool has_exception() const;
  [[nodiscard]] Image image() const;
  void set_image(const Image& image);
  [[nodiscard]] std::span<std::byte> used_stack() const;

  /// Returns when another fiber switches back to `from`. `from` must be the running fiber.
  static void switch_to(Fiber& from, Fiber& to);
  /// The same, but no fiber may switch back.
  [[noreturn]] static void switch_for_good(Fiber& from, Fiber& to);

 private:
  static void begin();
  static void leave(Fiber& from, Fiber& to);
  void reset(Entry entry);

  Entry entry_ = nullptr;
  char* mapping_ = nullptr;  // a guard page, then the stack
  size_t mapping_bytes_ = 0;
  [[maybe_unused]] size_t stack_bytes_ = 0;
  void* exceptions_[2] = {nullptr, nullptr};  // the C++ runtime's per-thread state, while suspended
#ifdef DMASIM_SIM_USE_UCONTEXT
  ucontext_t context_{};
#else
  void* stack_pointer_ = nullptr;
#endif
};

}  // namespace dmasim::sim
