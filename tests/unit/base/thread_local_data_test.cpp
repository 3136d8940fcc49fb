// SPDX-License-Identifier: LGPL-2.1-or-later
/// A program of its own, because its thread-local data makes each thread of it slower to start.
#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <cstddef>

#include "engine/base/sync.h"

namespace dmasim {
namespace {

/// More than the frames of an engine's thread may take. glibc puts it on each thread's stack.
thread_local std::array<char, size_t{768} * 1024> t_data;

/// How much of the calling thread's stack is free.
size_t free_stack_bytes() {
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return 0;
  void* low = nullptr;
  size_t size = 0;
  pthread_attr_getstack(&attributes, &low, &size);
  pthread_attr_destroy(&attributes);
  return static_cast<size_t>(static_cast<char*>(__builtin_frame_address(0)) -
                             static_cast<char*>(low));
}

TEST(Thread, HasAWholeStackBesideTheProgramsThreadLocalData) {
  size_t free_bytes = 0;
  Thread thread;
  ASSERT_TRUE(thread.start({.name = "thread"}, [&] {
    t_data.back() = 1;
    free_bytes = free_stack_bytes();
  }));
  thread.join();
  EXPECT_GE(free_bytes, size_t{480} * 1024);
}

}  // namespace
}  // namespace dmasim
