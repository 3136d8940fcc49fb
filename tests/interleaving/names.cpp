// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/interleaving/names.h"

#include "tests/interleaving/run_heap.h"

namespace dmasim::sim {

void Names::add(const void* object, const std::string& text, size_t bytes) {
  const OutsideRun outside;
  const auto [entry, is_new] = numbers_.emplace(text, static_cast<uint32_t>(texts_.size()));
  if (is_new) texts_.push_back(text);
  ranges_.push_back({static_cast<const char*>(object), bytes, entry->second});
}

const Names::Range* Names::find(const void* address) const {
  const Range* best = nullptr;
  for (const Range& range : ranges_) {
    if (range.contains(address) && (best == nullptr || range.bytes <= best->bytes)) best = &range;
  }
  return best;
}

ObjectId Names::object(const void* address) const {
  const Range* range = find(address);
  if (range == nullptr) return kNameless;
  return {Kind::test, kFirstNamed + range->number};
}

}  // namespace dmasim::sim
