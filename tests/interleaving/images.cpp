// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/interleaving/images.h"

#include <sys/mman.h>

#include "tests/interleaving/die.h"

namespace dmasim::sim {
namespace {

constexpr size_t kImageBytes = size_t{1} << 27;  // if it is full, runs begin at an earlier image

}  // namespace

Images::Images() {
  void* mapping = mmap(nullptr, kImageBytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) die("memory for images");
  memory_ = static_cast<std::byte*>(mapping);
}

Images::~Images() { munmap(memory_, kImageBytes); }

bool Images::has_room(size_t bytes) const { return bytes <= kImageBytes - end_; }

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
