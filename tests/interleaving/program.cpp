// SPDX-License-Identifier: LGPL-2.1-or-later
// The functions that a program calls while the explorer runs it.
#include "tests/interleaving/explorer.h"
#include "tests/interleaving/world.h"

namespace dmasim::sim {

void Program::actor(std::string name, std::function<void()> body) {
  World& world = World::instance();
  FiberState& fiber = world.fiber(world.add_fiber(name, std::move(body)));
  fiber.actor = true;
  fiber.parked = true;
}

void Program::run() {
  World& world = World::instance();
  world.before_release();
  for (uint8_t k = 0; k < world.fiber_count(); ++k) {
    FiberState& fiber = world.fiber(k);
    if (!fiber.parked) continue;
    fiber.parked = false;
    world.writes(fiber.thread);
    if (world.has_story()) world.add_to_story("starts " + fiber.name);
  }
  world.stop({.what = Operation::What::actors});
  for (uint8_t k = 0; k < world.fiber_count(); ++k) {
    const FiberState& fiber = world.fiber(k);
    if (!fiber.actor) continue;
    world.reads(fiber.thread);
    world.objects().destroy(fiber.thread);
  }
}

void violation(const std::string& what) { World::instance().fail(what); }

void outcome(const std::string& what) { World::instance().add_outcome(what); }

void yield() {
  World& world = World::instance();
  if (world.running()) world.stop({});
}

namespace {

void access(World& world, const void* object, Access how) {
  const ObjectId id = world.names().object(object);
  if (how == Access::read) {
    world.step().read(id);
  } else {
    world.step().write(id);
  }
}

}  // namespace

void yield(const void* object, Access how) {
  World& world = World::instance();
  if (!world.running()) return;
  world.stop_before_visible();
  access(world, object, how);
  if (!world.has_story()) return;
  const Names::Range* range = world.names().find(object);
  world.add_to_story((how == Access::read ? "reads " : "writes ") +
                     (range != nullptr ? world.names().text(*range) : "something without a name"));
}

void note(const void* object, Access how) {
  World& world = World::instance();
  if (!world.running()) return;
  world.settle();
  access(world, object, how);
}

/// A new name changes the identity of the object for yield(). So the step counts as a write to the
/// object under its old name and to all objects without a name.
void name(const void* object, const std::string& text, size_t bytes) {
  World& world = World::instance();
  if (!world.running()) return;
  world.step().write(kNameless);
  world.step().write(world.names().object(object));
  world.names().add(object, text, bytes);
}

void add_to_story(const std::string& text) {
  World& world = World::instance();
  if (world.running() && world.has_story()) world.add_to_story(text);
}

int64_t now_ns() noexcept {
  World& world = World::instance();
  world.before_visible();
  world.step().read(kClock);
  if (world.running() && world.has_story()) {
    world.add_to_story("sees " + std::to_string(world.now_ns()) + " ns");
  }
  return world.now_ns();
}

void advance_to(int64_t at_ns) {
  World& world = World::instance();
  world.stop_before_visible();
  world.move_time_to(at_ns);
  if (world.running() && world.has_story()) {
    world.add_to_story("advances time to " + std::to_string(at_ns) + " ns");
  }
}

NeverWaits::NeverWaits(const char* promise) : outer_(World::instance().current().promise) {
  World::instance().current().promise = promise;
}

NeverWaits::~NeverWaits() { World::instance().current().promise = outer_; }

}  // namespace dmasim::sim
