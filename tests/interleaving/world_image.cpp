// SPDX-License-Identifier: LGPL-2.1-or-later
/// Images of a run. An image is a copy of everything on which the rest of the run depends. It is
/// put back at the same addresses. No fiber runs meanwhile.
#include "tests/interleaving/run_heap.h"
#include "tests/interleaving/world.h"

namespace dmasim::sim {
namespace {

struct ImageHead {
  size_t state_bytes;
  size_t heap_bytes;
  size_t objects;
  size_t names;
  uint32_t run;
};

}  // namespace

/// The size of the state without the elements of fibers_ that are not in use.
size_t World::used_state_bytes() const {
  const RunState& state = *this;
  const auto* begin = reinterpret_cast<const std::byte*>(&state);
  return static_cast<size_t>(reinterpret_cast<const std::byte*>(&fibers_[0] + fiber_count_) -
                             begin);
}

/// The chooser has already made its choice when this is called. resume() replaces what that choice
/// has changed in the state.
void World::keep_image() {
  const std::span<std::byte> heap = RunHeap::contents();
  const ImageHead head{used_state_bytes(), heap.size(), objects_.all().size(),
                       names_.ranges().size(), objects_.run()};
  size_t bytes = sizeof head + head.state_bytes + head.heap_bytes + head.objects * sizeof(Object) +
                 head.names * sizeof(Names::Range);
  for (uint8_t k = 0; k < fiber_count_; ++k) {
    if (stack_of(k).has_exception()) return;
    if (!fibers_[k].finished) bytes += sizeof(Fiber::Image) + stack_of(k).used_stack().size();
  }
  if (!images_->has_room(bytes)) return;
  Images::Writer writer = images_->add(static_cast<int>(progress_->length) - 1);
  writer.put(&head, sizeof head);
  writer.put(static_cast<const RunState*>(this), head.state_bytes);
  writer.put(heap.data(), heap.size());
  writer.put(objects_.all().data(), head.objects * sizeof(Object));
  writer.put(names_.ranges().data(), head.names * sizeof(Names::Range));
  for (uint8_t k = 0; k < fiber_count_; ++k) {
    if (fibers_[k].finished) continue;
    const Fiber::Image fiber = stack_of(k).image();
    writer.put(&fiber, sizeof fiber);
    writer.put(stack_of(k).used_stack().data(), stack_of(k).used_stack().size());
  }
  images_->end(writer);
}

void World::put_back_image() {
  Images::Reader reader = images_->last();
  ImageHead head;
  reader.get(&head, sizeof head);
  reader.get(static_cast<void*>(static_cast<RunState*>(this)), head.state_bytes);
  reader.get(RunHeap::begin(), head.heap_bytes);
  reader.get(objects_.put_back(head.objects, head.run), head.objects * sizeof(Object));
  reader.get(names_.put_back(head.names), head.names * sizeof(Names::Range));
  for (uint8_t k = 0; k < fiber_count_; ++k) {
    if (fibers_[k].finished) continue;
    Fiber::Image fiber;
    reader.get(&fiber, sizeof fiber);
    stack_of(k).set_image(fiber);
    reader.get(stack_of(k).used_stack().data(), stack_of(k).used_stack().size());
  }
}

}  // namespace dmasim::sim
