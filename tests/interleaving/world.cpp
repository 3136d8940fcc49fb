// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/interleaving/world.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <set>

#include "tests/interleaving/run_heap.h"

namespace dmasim::sim {
namespace {

constexpr size_t kStackBytes = 512 * 1024;

}  // namespace

/// The World is on the heap, because Bystanders watches statics for changes.
World& World::make() {
  const OutsideRun outside;
  the_one_ = new World;
  return *the_one_;
}

World::Result World::run(const Options& options, const Body& body, Chooser& chooser,
                         Progress& progress, Images* images) {
  images_ = images;
  reset(options, chooser, progress);
  self_ = add_fiber("main", [&body] {
    Program program;
    body(program);
  });
  return go_on();
}

World::Result World::resume(Choice choice, Images& images) {
  images_ = &images;
  result_ = {};
  put_back_image();
  progress_->length = static_cast<uint32_t>(images.depth());
  begin_step(choice);
  return go_on();
}

void World::reset(const Options& options, Chooser& chooser, Progress& progress) {
  options_ = options;
  options_.max_steps = std::min(options.max_steps, Progress::kMaxSteps);
  chooser_ = &chooser;
  progress_ = &progress;
  progress.length = 0;
  result_ = {};
  forget_run();
  objects_.begin_run();
  names_.begin_run();
  spurious_left_ = options.spurious_budget;
}

/// With images, the state's memory is in the RunHeap, which is cleared without destructors. Without
/// images, the bodies of unfinished fibers are leaked: a body may own objects of the program that
/// are in the middle of an operation.
void World::forget_run() {
  RunState& state = *this;
  if (!state_in_run_heap_) {
    for (uint8_t k = 0; k < fiber_count_; ++k) {
      if (fibers_[k].body) [[maybe_unused]]
        auto* leak = new std::function(std::move(fibers_[k].body));
    }
    state.~RunState();
  }
  new (&state) RunState;
  state_in_run_heap_ = images_ != nullptr;
  if (images_ != nullptr) RunHeap::clear();
}

/// Runs fibers until the run ends. It stops them for each image that has to be kept.
World::Result World::go_on() {
  running_ = true;
  do {
    if (keeping_) keep_image();
    keeping_ = false;
    RunHeap::turn(images_ != nullptr);
    Fiber::switch_to(root_, stack_of(self_));
    RunHeap::turn(false);
  } while (keeping_);
  running_ = false;
  objects_.end_run();
  if (has_story() && line_open_) end_story_line();
  result_.last_step = step_;
  result_.outcomes = outcomes_;  // copied into the usual heap
  std::sort(result_.outcomes.begin(), result_.outcomes.end());
  return std::move(result_);
}

void World::fail(const std::string& what, bool broken) {
  if (!running_) {
    std::fprintf(stderr, "outside of explore(): %s\n", what.c_str());
    std::abort();
  }
  RunHeap::turn(false);
  result_.violation = std::string(what.data(), what.size());
  result_.broken = broken;
  Fiber::switch_for_good(stack_of(self_), root_);
}

uint8_t World::add_fiber(const std::string& name, std::function<void()> body) {
  if (fiber_count_ == kMaxFibers) fail("too many threads");
  const uint8_t number = fiber_count_++;
  if (stacks_[number] == nullptr) {
    const OutsideRun outside;
    stacks_[number] = std::make_unique<Fiber>(kStackBytes);
  }
  stacks_[number]->prepare(&World::fiber_entry);
  FiberState& fiber = fibers_[number];
  if (images_ != nullptr)
    new (&fiber) FiberState;  // without a destructor: the old state belongs to an abandoned run
  fiber.body = std::move(body);
  fiber.name = name;
  fiber.thread = objects_.create(Object::Type::thread, nullptr);
  return number;
}

/// noexcept, because an exception that leaves a thread ends the program.
void World::fiber_entry() noexcept {
  World& world = instance();
  FiberState& me = world.current();
  me.body();
  me.body = nullptr;
  world.finish();
}

void World::finish() {
  const uint8_t number = self_;
  FiberState& me = current();
  if (me.held > 0) fail(me.name + " ends while it holds a mutex");
  before_release();
  writes(me.thread);
  me.finished = true;
  if (has_story()) add_to_story("ends");
  if (self_ == 0) finish_main();
  decide();
  Fiber::switch_for_good(stack_of(number), keeping_ ? root_ : stack_of(self_));
}

void World::finish_main() {
  objects_.destroy(current().thread);
  for (uint8_t k = 0; k < fiber_count_; ++k) {
    if (!fibers_[k].finished)
      fail(fibers_[k].name + " is still running at the end of the program's body");
  }
  if (const std::string left = objects_.leftovers(names_); !left.empty()) {
    fail("not destroyed at the end: " + left);
  }
  Fiber::switch_for_good(stack_of(self_), root_);
}

Move World::stop(const Operation& operation) {
  const uint8_t me = self_;
  fibers_[me].stopped_before = operation;
  decide();
  if (keeping_) {
    Fiber::switch_to(stack_of(me), root_);
  } else if (self_ != me) {
    Fiber::switch_to(stack_of(me), stack_of(self_));
  }
  return move_;
}

void World::before_visible() {
  if (!running_) return;
  if (settled_ || options_.grain == Grain::every_operation) stop({});
  settled_ = true;
}

void World::before_release() {
  if (!running_) return;
  if (options_.grain == Grain::every_operation) stop({});
  settled_ = true;
}

void World::stop_before_visible() {
  if (!running_) return;
  stop({});
  settled_ = true;
}

void World::decide() {
  const OutsideRun outside;
  if (has_story()) end_story_line();
  progress_->steps = progress_->steps + 1;
  if (progress_->length >= options_.max_steps) {
    fail("more than " + std::to_string(options_.max_steps) + " steps: a thread may be spinning");
  }
  collect_enabled();
  if (enabled_.empty()) fail(stuck());
  Choice chosen{};
  const uint8_t me = self_;
  switch (chooser_->choose({enabled_, me, step_}, chosen)) {
    case Answer::broken:
      fail(chooser_->problem(), true);
    case Answer::abandon:
      result_.abandoned = true;
      Fiber::switch_for_good(stack_of(me), root_);
    case Answer::keep_and_go_on:
      keeping_ = true;
      break;
    case Answer::go_on:
      break;
  }
  begin_step(chosen);
}

void World::begin_step(Choice choice) {
  progress_->schedule[progress_->length] = choice;
  progress_->length = progress_->length + 1;
  step_ = {};
  step_choice_ = choice;
  settled_ = false;
  self_ = choice.fiber;
  move_ = choice.move;
}

void World::collect_enabled() {
  enabled_.clear();
  add_if_able(self_);
  for (uint8_t k = 0; k < fiber_count_; ++k) {
    if (k != self_) add_if_able(k);
  }
  for (uint8_t k = 0; k < fiber_count_; ++k) collect_wait_ends(k);
  if (options_.patient && std::all_of(enabled_.begin(), enabled_.end(), [](Choice choice) {
        return choice.move == Move::spurious;
      })) {
    collect_earliest_time_out();
  }
}

/// If several waits have the same deadline, the first one is enough: after its time-out, the others
/// can time out too.
void World::collect_earliest_time_out() {
  int64_t earliest_ns = kNever;
  uint8_t first = 0;
  for (uint8_t k = 0; k < fiber_count_; ++k) {
    const FiberState& fiber = fibers_[k];
    const Operation& wait = fiber.stopped_before;
    if (fiber.finished || wait.what != Operation::What::wait) continue;
    if (wait.deadline_ns >= earliest_ns) continue;
    earliest_ns = wait.deadline_ns;
    first = k;
  }
  if (earliest_ns != kNever) enabled_.push_back({first, Move::time_out});
}

void World::add_if_able(uint8_t number) {
  if (can_run(number)) enabled_.push_back({number, Move::run});
}

void World::collect_wait_ends(uint8_t number) {
  const FiberState& fiber = fibers_[number];
  const Operation& wait = fiber.stopped_before;
  if (fiber.finished || wait.what != Operation::What::wait) return;
  if (can_time_out(wait)) enabled_.push_back({number, Move::time_out});
  if (spurious_left_ > 0 && objects_[wait.mutex].owner == kNobody) {
    enabled_.push_back({number, Move::spurious});
  }
}

bool World::can_run(uint8_t number) {
  const FiberState& fiber = fibers_[number];
  if (fiber.finished || fiber.parked) return false;
  const Operation& operation = fiber.stopped_before;
  switch (operation.what) {
    case Operation::What::step:
      return true;
    case Operation::What::lock:  // if the mutex was destroyed, acquire() reports it
      return objects_[operation.mutex].owner == kNobody;
    case Operation::What::wait:
      return false;
    case Operation::What::join:
      return fibers_[operation.fiber].finished;
    case Operation::What::actors:
      return all_actors_finished();
  }
  return false;
}

bool World::can_time_out(const Operation& wait) const {
  if (wait.deadline_ns == kNever) return false;
  return wait.deadline_ns <= std::max(options_.horizon_ns, now_ns_);
}

bool World::all_actors_finished() const {
  return std::all_of(fibers_.begin(), fibers_.begin() + fiber_count_,
                     [](const FiberState& fiber) { return !fiber.actor || fiber.finished; });
}

void World::move_time_to(int64_t at_ns) {
  if (at_ns <= now_ns_) {
    step_.read(kClock);
    return;
  }
  step_.write(kClock);
  now_ns_ = at_ns;
}

/// Describes for each fiber what it waits for. Called only if no fiber can continue.
std::string World::stuck() {
  std::set<std::string> who;  // sorted by name, because numbers depend on the schedule
  bool time_would_help = false;
  for (uint8_t k = 0; k < fiber_count_; ++k) {
    const FiberState& fiber = fibers_[k];
    if (fiber.finished || fiber.parked) continue;
    who.insert(fiber.name + " " + waits_for(k));
    const Operation& operation = fiber.stopped_before;
    if (operation.what == Operation::What::wait && operation.deadline_ns != kNever) {
      time_would_help = true;
    }
  }
  std::string text = time_would_help ? "no thread can continue before the horizon" : "deadlock";
  for (const std::string& one : who) text += (one == *who.begin() ? ": " : "; ") + one;
  return text;
}

std::string World::waits_for(uint8_t number) {
  const Operation& operation = fibers_[number].stopped_before;
  switch (operation.what) {
    case Operation::What::lock:
      return "waits for " + describe(operation.mutex) + ", held by " +
             fibers_[static_cast<size_t>(objects_[operation.mutex].owner)].name;
    case Operation::What::wait:
      return "waits on " + describe(operation.condvar) +
             (operation.deadline_ns == kNever
                  ? ""
                  : " until " + std::to_string(operation.deadline_ns) + " ns");
    case Operation::What::join:
      return "joins " + fibers_[operation.fiber].name;
    case Operation::What::actors:
      return "waits for its actors";
    case Operation::What::step:
      break;
  }
  return "could continue";
}

/// Writes each operation at once, because the next one may crash.
void World::add_to_story(const std::string& deed) {
  if (line_open_) {
    story_(", " + deed);
    return;
  }
  char head[64];
  std::snprintf(head, sizeof head, "%4u %-2s ", static_cast<unsigned>(progress_->length),
                to_text(step_choice_).c_str());
  story_(head + current().name + ": " + deed);
  line_open_ = true;
}

void World::end_story_line() {
  if (!line_open_) add_to_story("continues");
  story_("\n");
  line_open_ = false;
}

}  // namespace dmasim::sim
