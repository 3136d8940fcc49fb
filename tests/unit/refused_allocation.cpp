// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/unit/refused_allocation.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

/// The number of calls up to the one that is refused; 0: no call is refused.
thread_local size_t t_left = 0;
thread_local bool t_happened = false;
std::atomic<long> g_live{0};

void* allocate(size_t bytes) noexcept {
  if (t_left > 0 && --t_left == 0) {
    t_happened = true;
    return nullptr;
  }
  void* const block = std::malloc(bytes > 0 ? bytes : 1);
  if (block != nullptr) ++g_live;
  return block;
}

void release(void* block) noexcept {
  if (block != nullptr) --g_live;
  std::free(block);
}

void* allocate_or_throw(size_t bytes) {
  void* const block = allocate(bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

// In a module that the program loads, the linker finds these before the library's.
#pragma GCC visibility push(default)
void* operator new(size_t bytes) { return allocate_or_throw(bytes); }
void* operator new[](size_t bytes) { return allocate_or_throw(bytes); }
void* operator new(size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes); }
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes); }
void operator delete(void* block) noexcept { release(block); }
void operator delete[](void* block) noexcept { release(block); }
void operator delete(void* block, size_t) noexcept { release(block); }
void operator delete[](void* block, size_t) noexcept { release(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { release(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { release(block); }
#pragma GCC visibility pop

namespace dmasim {

RefusedAllocation::RefusedAllocation(size_t which) noexcept {
  t_happened = false;
  t_left = which;
}
RefusedAllocation::~RefusedAllocation() { t_left = 0; }
bool RefusedAllocation::happened() const noexcept { return t_happened; }

long live_blocks() noexcept { return g_live; }

}  // namespace dmasim
