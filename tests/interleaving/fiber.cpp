// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/interleaving/fiber.h"

#include <cxxabi.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/interleaving/die.h"

#ifndef DMASIM_SIM_USE_UCONTEXT
extern "C" void dmasim_sim_switch(void** save, void* load);

// Pushes the callee-saved registers onto the old stack and pops them from the new one. All fibers
// have the same floating-point control words, so these stay as they are.
asm(R"(
  .text
  .globl dmasim_sim_switch
  .hidden dmasim_sim_switch
  .type dmasim_sim_switch, @function
dmasim_sim_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .size dmasim_sim_switch, .-dmasim_sim_switch
)");
#endif

namespace dmasim::sim {
namespace {

Fiber* g_switching_to = nullptr;

}  // namespace

Fiber::Fiber(size_t stack_bytes) : stack_bytes_(stack_bytes) {
  const auto guard_bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  mapping_bytes_ = guard_bytes + stack_bytes;
  void* mapping = mmap(nullptr, mapping_bytes_, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) die("a fiber's stack");
  mapping_ = static_cast<char*>(mapping);
  if (mprotect(mapping_, guard_bytes, PROT_NONE) != 0) die("a fiber's guard page");
}

Fiber::~Fiber() {
  if (mapping_ != nullptr) munmap(mapping_, mapping_bytes_);
}

void Fiber::reset(Entry entry) {
  entry_ = entry;
  exceptions_[0] = exceptions_[1] = nullptr;
}

bool Fiber::has_exception() const { return exceptions_[0] != nullptr || exceptions_[1] != nullptr; }

#ifdef DMASIM_SIM_USE_UCONTEXT

bool Fiber::can_be_copied() { return false; }
Fiber::Image Fiber::image() const { std::abort(); }
void Fiber::set_image(const Image&) { std::abort(); }
std::span<std::byte> Fiber::used_stack() const { std::abort(); }

void Fiber::prepare(Entry entry) {
  reset(entry);
  if (getcontext(&context_) != 0) die("getcontext");
  context_.uc_stack.ss_sp = mapping_ + (mapping_bytes_ - stack_bytes_);
  context_.uc_stack.ss_size = stack_bytes_;
  context_.uc_link = nullptr;
  makecontext(&context_, &Fiber::begin, 0);
}

#else

bool Fiber::can_be_copied() { return true; }

Fiber::Image Fiber::image() const { return {stack_pointer_, entry_}; }

void Fiber::set_image(const Image& image) {
  reset(image.entry);
  stack_pointer_ = image.stack_pointer;
}

std::span<std::byte> Fiber::used_stack() const {
  auto* begin = static_cast<std::byte*>(stack_pointer_);
  return {begin, reinterpret_cast<std::byte*>(mapping_ + mapping_bytes_)};
}

void Fiber::prepare(Entry entry) {
  reset(entry);
  // From the top down: a return address that is never used, which aligns the stack as a call does;
  // the address to which the first switch returns; six registers.
  constexpr size_t kSlots = 8;
  void* slots[kSlots] = {};
  slots[6] = reinterpret_cast<void*>(&Fiber::begin);
  char* top = mapping_ + mapping_bytes_;
  stack_pointer_ = top - sizeof slots;
  std::memcpy(stack_pointer_, slots, sizeof slots);
}

#endif

void Fiber::begin() {
  g_switching_to->entry_();
  std::abort();
}

/// For each thread, the C++ runtime counts the exceptions in flight and keeps a stack of caught
/// ones. Here each fiber has its own.
void Fiber::leave(Fiber& from, Fiber& to) {
  void* globals = abi::__cxa_get_globals();
  std::memcpy(from.exceptions_, globals, sizeof from.exceptions_);
  std::memcpy(globals, to.exceptions_, sizeof to.exceptions_);
  g_switching_to = &to;
#ifdef DMASIM_SIM_USE_UCONTEXT
  swapcontext(&from.context_, &to.context_);
#else
  dmasim_sim_switch(&from.stack_pointer_, to.stack_pointer_);
#endif
}

void Fiber::switch_to(Fiber& from, Fiber& to) {
  leave(from, to);
  g_switching_to = nullptr;  // as before the switch, so that Bystanders sees no change
}

void Fiber::switch_for_good(Fiber& from, Fiber& to) {
  leave(from, to);
  std::abort();
}

}  // namespace dmasim::sim
