// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/interleaving/images.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>

namespace dmasim::sim {
namespace {

constexpr size_t kBytes = size_t{1} << 27;  // without room for more, more steps are repeated

}  // namespace

Images::Images() {
  void* mapping = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) {
    std::perror("memory for images");
    std::abort();
  }
  memory_ = static_cast<std::byte*>(mapping);
}

Images::~Images() { munmap(memory_, kBytes); }

bool Images::has_room(size_t bytes) const { return bytes <= kBytes - end_; }

Images::Writer Images::add(int depth) {
  all_.push_back({depth, end_});
  return Writer(memory_ + end_);
}

void Images::forget_behind(int depth) {
  while (!all_.empty() && all_.back().depth > depth) {
    end_ = all_.back().begin;
    all_.pop_back();
  }
}

}  // namespace dmasim::sim
