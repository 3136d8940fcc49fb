// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/interleaving/run_heap.h"

#include <sys/mman.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "tests/interleaving/die.h"

namespace dmasim::sim {
namespace {

constexpr size_t kHeapBytes = size_t{1}
                              << 28;  // address space; the kernel gives memory on first access
constexpr size_t kGrain = 16;  // the size of a block is a multiple of it, so each block is aligned
constexpr size_t kClasses = 64;  // blocks of so many grains or more are never reused

/// Stands before each block.
struct alignas(kGrain) Head {
  size_t grains;
};

struct FreeBlock {
  FreeBlock* next;
};

/// Stands at the beginning of the heap, so that a copy of the heap contains it.
struct alignas(kGrain) Ledger {
  std::byte* next;
  std::array<FreeBlock*, kClasses> free;
};

// These are not in the heap, so no image contains them.
std::byte* g_begin = nullptr;
bool g_on = false;

Ledger& ledger() { return *reinterpret_cast<Ledger*>(g_begin); }

bool contains(const void* at) {
  return g_begin != nullptr && at >= g_begin && at < g_begin + kHeapBytes;
}

void* allocate(size_t bytes, size_t alignment) {
  Ledger& book = ledger();
  const size_t grains = (bytes + kGrain - 1) / kGrain + (bytes == 0 ? 1 : 0);
  if (alignment <= kGrain && grains < kClasses && book.free[grains] != nullptr) {
    FreeBlock* block = book.free[grains];
    book.free[grains] = block->next;
    return block;
  }
  const uintptr_t mask = alignment <= kGrain ? kGrain - 1 : alignment - 1;
  const uintptr_t next = reinterpret_cast<uintptr_t>(book.next) + sizeof(Head);
  const size_t padding = ((next + mask) & ~mask) - next;
  std::byte* block = book.next + sizeof(Head) + padding;
  if (static_cast<size_t>(block - g_begin) + grains * kGrain > kHeapBytes)
    die("the run's heap is full");
  reinterpret_cast<Head*>(block)[-1].grains = grains;
  book.next = block + grains * kGrain;
  return block;
}

void free_block(void* at) {
  const size_t grains = static_cast<Head*>(at)[-1].grains;
  if (grains >= kClasses) return;
  auto* block = static_cast<FreeBlock*>(at);
  block->next = ledger().free[grains];
  ledger().free[grains] = block;
}

}  // namespace

void RunHeap::clear() {
  if (g_begin == nullptr) {
    void* mapping = mmap(nullptr, kHeapBytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED) die("the run's heap");
    g_begin = static_cast<std::byte*>(mapping);
  }
  ledger() = {g_begin + sizeof(Ledger), {}};
}

std::span<std::byte> RunHeap::contents() { return {g_begin, ledger().next}; }

std::byte* RunHeap::begin() { return g_begin; }

void RunHeap::turn(bool on) { g_on = on; }

bool RunHeap::on() { return g_on; }

namespace {

void* allocate_anywhere(size_t bytes, size_t alignment) noexcept {
  if (g_on) return allocate(bytes, alignment);
  if (alignment <= kGrain) return std::malloc(bytes == 0 ? 1 : bytes);
  return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

void* allocate_or_throw(size_t bytes, size_t alignment) {
  void* block = allocate_anywhere(bytes, alignment);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void free_anywhere(void* at) noexcept {
  if (contains(at)) {
    free_block(at);
  } else {
    std::free(at);
  }
}

}  // namespace

}  // namespace dmasim::sim

using dmasim::sim::allocate_anywhere;
using dmasim::sim::allocate_or_throw;
using dmasim::sim::free_anywhere;

// The other forms of new and delete in the standard library call these.
void* operator new(size_t bytes) { return allocate_or_throw(bytes, 1); }
void* operator new(size_t bytes, std::align_val_t alignment) {
  return allocate_or_throw(bytes, static_cast<size_t>(alignment));
}
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  return allocate_anywhere(bytes, 1);
}
void* operator new(size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate_anywhere(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* at) noexcept { free_anywhere(at); }
void operator delete(void* at, size_t) noexcept { free_anywhere(at); }
void operator delete(void* at, std::align_val_t) noexcept { free_anywhere(at); }
void operator delete(void* at, size_t, std::align_val_t) noexcept { free_anywhere(at); }
