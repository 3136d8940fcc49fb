// SPDX-License-Identifier: LGPL-2.1-or-later
// The bodies of engine/base/sync.h for the schedule explorer. A native member contains a Cell, and
// the World has everything else. The OS thread never blocks: if a fiber has to wait, it stops, and
// other fibers run.
#include <cstring>
#include <string>

#include "engine/base/sync.h"
#include "tests/interleaving/world.h"

namespace dmasim {

using sim::Cell;
using sim::kNobody;
using sim::Move;
using sim::Object;
using sim::Operation;
using sim::World;

namespace {

template <typename Native>
void make(Native& native, Object::Type type) {
  static_assert(sizeof(Native) >= sizeof(Cell));
  const Cell cell = World::instance().objects().create_cell(type, &native);
  std::memcpy(static_cast<void*>(&native), &cell, sizeof cell);
}

template <typename Native>
Cell cell_of(const Native& native) {
  Cell cell;
  std::memcpy(&cell, &native, sizeof cell);
  return cell;
}

std::string self_name() {
  World& world = World::instance();
  return world.running() ? world.current().name : "";
}

/// The number of an object that exists. If it does not, this is a violation, and `does` says what
/// the fiber wanted to do to the object.
template <typename Native>
uint32_t number_of(const Native& native, Object::Type type, const char* does) {
  World& world = World::instance();
  const Cell cell = cell_of(native);
  if (world.objects().find(cell) == nullptr) {
    world.fail(self_name() + " " + does + " " + world.objects().problem_with(cell, type));
  }
  return cell.number;
}

void add_to_story(const char* deed, uint32_t object) {
  World& world = World::instance();
  if (world.has_story()) world.add_to_story(deed + world.describe(object));
}

[[noreturn]] void fail(const char* deed, uint32_t object, const char* why) {
  World& world = World::instance();
  world.fail(self_name() + " " + deed + " " + world.describe(object) + why);
}

void acquire(uint32_t mutex) {
  World& world = World::instance();
  Object& object = world.objects()[mutex];
  if (!object.alive) fail("locks", mutex, ", which was destroyed during the wait");
  object.owner = world.self();
  ++world.current().held;
  world.writes(mutex);
  add_to_story("locks ", mutex);
}

void release(uint32_t mutex) {
  World& world = World::instance();
  world.objects()[mutex].owner = kNobody;
  --world.current().held;
  world.writes(mutex);
}

void stop_and_acquire(uint32_t mutex) {
  World::instance().stop({.what = Operation::What::lock, .mutex = mutex});
  acquire(mutex);
}

void check_held(uint32_t mutex, const char* deed) {
  World& world = World::instance();
  const int owner = world.objects()[mutex].owner;
  if (owner == world.self()) return;
  fail(deed, mutex, owner == kNobody ? ", which no thread holds" : ", which another thread holds");
}

void check_may_wait(const char* how) {
  const sim::FiberState& me = World::instance().current();
  if (me.promise == nullptr) return;
  World::instance().fail(me.name + " " + how + " in " + me.promise);
}

/// In POSIX the result is undefined if threads wait on one condition variable with different
/// mutexes.
void check_one_mutex(uint32_t condvar, uint32_t mutex) {
  World& world = World::instance();
  for (uint8_t k = 0; k < world.fiber_count(); ++k) {
    const Operation& other = world.fiber(k).stopped_before;
    if (other.what != Operation::What::wait || other.condvar != condvar) continue;
    if (other.mutex != mutex)
      fail("waits on", condvar, " with another mutex than the other waiters");
  }
}

/// A time-out beyond the horizon is possible only because all other fibers wait. So it depends on
/// everything that they do.
bool end_by_time_out(const Operation& wait) {
  World& world = World::instance();
  world.reads(wait.condvar);
  if (!world.can_time_out(wait)) world.step().write_everything();
  world.move_time_to(wait.deadline_ns);
  if (world.has_story()) {
    world.add_to_story("times out at " + std::to_string(wait.deadline_ns) + " ns on " +
                       world.describe(wait.condvar));
  }
  stop_and_acquire(wait.mutex);
  return false;
}

bool end_for_no_reason(const Operation& wait) {
  World& world = World::instance();
  world.reads(wait.condvar);
  world.step().write(sim::kSpuriousBudget);
  --world.spurious_left();
  world.current().stopped_before = {};
  add_to_story("wakes spuriously on ", wait.condvar);
  acquire(wait.mutex);
  return true;
}

/// A CondVar has no queue of waiters. A fiber waits on it while the fiber's stopped_before says
/// `wait`. A notification changes this to `lock`.
bool wait_on(uint32_t condvar, uint32_t mutex, int64_t deadline_ns) {
  World& world = World::instance();
  if (!world.running()) world.fail("waits on a condition variable");
  check_held(mutex, "waits with");
  check_may_wait("waits on a condition variable");
  check_one_mutex(condvar, mutex);
  world.before_visible();
  release(mutex);
  world.reads(condvar);
  add_to_story("waits on ", condvar);
  const Operation wait{Operation::What::wait, mutex, condvar, deadline_ns, 0};
  switch (world.stop(wait)) {
    case Move::time_out:
      return end_by_time_out(wait);
    case Move::spurious:
      return end_for_no_reason(wait);
    case Move::run:
      break;
  }
  acquire(mutex);
  return true;
}

void wake_waiters(uint32_t condvar) {
  World& world = World::instance();
  for (uint8_t k = 0; k < world.fiber_count(); ++k) {
    sim::FiberState& fiber = world.fiber(k);
    Operation& operation = fiber.stopped_before;
    if (operation.what != Operation::What::wait || operation.condvar != condvar) continue;
    operation.what = Operation::What::lock;
    if (world.has_story()) world.add_to_story("wakes " + fiber.name);
  }
}

/// True if the object is destroyed during a run. Outside of runs it only marks the object as
/// destroyed and checks nothing.
template <typename Native>
bool ends_in_run(const Native& native, Object::Type type, uint32_t& number) {
  World& world = World::instance();
  if (world.running()) {
    number = number_of(native, type, "destroys");
    return true;
  }
  const Cell cell = cell_of(native);
  if (world.objects().find(cell) != nullptr) world.objects().destroy(cell.number);
  return false;
}

void end_object(uint32_t number) {
  World& world = World::instance();
  world.writes(number);
  world.step().write({sim::Kind::lifetime, number});
  add_to_story("destroys ", number);
  world.objects().destroy(number);
}

}  // namespace

Mutex::Mutex() noexcept { make(native_, Object::Type::mutex); }

Mutex::~Mutex() {
  uint32_t number = 0;
  if (!ends_in_run(native_, Object::Type::mutex, number)) return;
  if (World::instance().objects()[number].owner != kNobody) {
    fail("destroys", number, ", which is held");
  }
  end_object(number);
}

void Mutex::lock() noexcept {
  World& world = World::instance();
  const uint32_t number = number_of(native_, Object::Type::mutex, "locks");
  if (!world.running()) return;
  if (world.objects()[number].owner == world.self()) fail("locks", number, ", which it holds");
  stop_and_acquire(number);
}

void Mutex::unlock() noexcept {
  World& world = World::instance();
  const uint32_t number = number_of(native_, Object::Type::mutex, "unlocks");
  if (!world.running()) return;
  check_held(number, "unlocks");
  world.before_release();
  release(number);
  add_to_story("unlocks ", number);
  if (!world.options().gaps || world.current().held > 0) return;
  world.stop({});
  world.step().read({sim::Kind::lifetime, number});
}

CondVar::CondVar() noexcept { make(native_, Object::Type::condvar); }

CondVar::~CondVar() {
  uint32_t number = 0;
  if (!ends_in_run(native_, Object::Type::condvar, number)) return;
  World& world = World::instance();
  for (uint8_t k = 0; k < world.fiber_count(); ++k) {
    const Operation& operation = world.fiber(k).stopped_before;
    if (operation.what == Operation::What::wait && operation.condvar == number) {
      fail("destroys", number, ", on which a thread waits");
    }
  }
  end_object(number);
}

void CondVar::wait(Mutex& mutex) noexcept { wait_until(mutex, kNever); }

bool CondVar::wait_until(Mutex& mutex, int64_t deadline_ns) noexcept {
  return wait_on(number_of(native_, Object::Type::condvar, "waits on"),
                 number_of(mutex.native_, Object::Type::mutex, "waits with"), deadline_ns);
}

void CondVar::notify_all() noexcept {
  World& world = World::instance();
  if (world.running()) world.before_visible();
  const uint32_t number = number_of(native_, Object::Type::condvar, "notifies");
  if (!world.running()) return;
  world.writes(number);
  add_to_story("notifies ", number);
  wake_waiters(number);
}

struct Thread::Impl {
  uint8_t fiber;
};

Thread::Thread() noexcept = default;

Thread::~Thread() {
  World& world = World::instance();
  if (impl_ != nullptr && world.running()) {
    world.fail(self_name() + " destroys the Thread of " + world.fiber(impl_->fiber).name +
               ", which was not joined");
  }
}

Result<void> Thread::start(const Options& options, std::function<void()> body) {
  World& world = World::instance();
  if (!world.running()) world.fail("starts a thread");
  if (impl_ != nullptr) world.fail(self_name() + " starts a Thread that has been started");
  world.before_release();
  const uint8_t number = world.add_fiber(options.name, std::move(body));
  sim::FiberState& fiber = world.fiber(number);
  fiber.tag = options.tag;
  world.writes(fiber.thread);
  if (world.has_story()) world.add_to_story("starts " + fiber.name);
  impl_ = std::make_unique<Impl>(Impl{number});
  return {};
}

void Thread::join() noexcept {
  World& world = World::instance();
  if (impl_ == nullptr) world.fail(self_name() + " joins a Thread that has not been started");
  const uint8_t number = impl_->fiber;
  if (number == world.self()) world.fail(self_name() + " joins itself");
  check_may_wait("joins a thread");
  world.stop({.what = Operation::What::join, .fiber = number});
  sim::FiberState& fiber = world.fiber(number);
  world.reads(fiber.thread);
  world.objects().destroy(fiber.thread);
  if (world.has_story()) world.add_to_story("has joined " + fiber.name);
  impl_.reset();
}

const void* current_thread_tag() noexcept {
  World& world = World::instance();
  return world.running() ? world.current().tag : nullptr;
}

void stall_until(int64_t /*deadline_ns*/) noexcept {
  World& world = World::instance();
  if (world.running()) world.stop({});
}

}  // namespace dmasim
