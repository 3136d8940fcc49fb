// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/interleaving/bystanders.h"

#include <pthread.h>

#include <cstring>

#include "tests/interleaving/die.h"

// The linker's symbols for the begin and the end of the program's own writable data.
extern "C" {
extern const std::byte dmasim_sim_data_begin[] asm("data_start");
extern const std::byte dmasim_sim_data_end[] asm("_end");
}

namespace dmasim::sim {
namespace {

const void* end_of_stack() {
  pthread_attr_t attributes;
  void* begin = nullptr;
  size_t bytes = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0 ||
      pthread_attr_getstack(&attributes, &begin, &bytes) != 0) {
    die("the stack's place");
  }
  pthread_attr_destroy(&attributes);
  return static_cast<const std::byte*>(begin) + bytes;
}

}  // namespace

Bystanders::Bystanders(const void* callers) {
  copies_.reserve(2);
  watch(callers, end_of_stack());
  watch(dmasim_sim_data_begin, dmasim_sim_data_end);
}

void Bystanders::watch(const void* begin, const void* end) {
  const std::span original(static_cast<const std::byte*>(begin),
                           static_cast<const std::byte*>(end));
  copies_.push_back({original, {original.begin(), original.end()}});
}

bool Bystanders::unchanged() const {
  for (const Copy& copy : copies_) {
    if (std::memcmp(copy.original.data(), copy.bytes.data(), copy.bytes.size()) != 0) return false;
  }
  return true;
}

}  // namespace dmasim::sim
