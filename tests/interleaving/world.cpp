// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/interleaving/world.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>

namespace dmasim::sim {
namespace {

constexpr size_t kStackBytes = 512 * 1024;

}  // namespace

World& World::instance() {
  static World world;
  return world;
}

World::Result World::run(const Options& options, const Body& body, Chooser& chooser,
                         Progress& progress) {
  reset(options, chooser, progress);
  running_ = true;
  self_ = add_fiber("main", [&body] {
    Program program;
    body(program);
  });
  Fiber::switch_to(root_, *current().stack);
  running_ = false;
  objects_.end_run();
  if (telling() && line_open_) end_story_line();
  result_.last_step = step_;
  std::sort(result_.outcomes.begin(), result_.outcomes.end());
  return std::move(result_);
}

void World::reset(const Options& options, Chooser& chooser, Progress& progress) {
  options_ = options;
  options_.max_steps = std::min(options.max_steps, Progress::kMaxSteps);
  chooser_ = &chooser;
  progress_ = &progress;
  progress.length = 0;
  result_ = {};
  forget_fibers();
  objects_.begin_run();
  names_.begin_run();
  step_ = {};
  step_choice_ = {};
  settled_ = false;
  now_ns_ = 0;
  spurious_left_ = options.spurious_budget;
}

/// The body of a fiber that never ended may own half the program: it is leaked, not destroyed.
void World::forget_fibers() {
  for (uint8_t k = 0; k < fiber_count_; ++k) {
    if (fibers_[k].body) [[maybe_unused]]
      auto* leak = new std::function(std::move(fibers_[k].body));
    std::unique_ptr<Fiber> stack = std::move(fibers_[k].stack);
    fibers_[k] = {};
    fibers_[k].stack = std::move(stack);
  }
  fiber_count_ = 0;
}

void World::fail(const std::string& what, bool broken) {
  if (!running_) {
    std::fprintf(stderr, "outside of explore(): %s\n", what.c_str());
    std::abort();
  }
  result_.violation = what;
  result_.broken = broken;
  Fiber::switch_for_good(*current().stack, root_);
}

uint8_t World::add_fiber(const std::string& name, std::function<void()> body) {
  if (fiber_count_ == kMaxFibers) fail("too many threads");
  const uint8_t number = fiber_count_++;
  FiberState& fiber = fibers_[number];
  if (fiber.stack == nullptr) fiber.stack = std::make_unique<Fiber>(kStackBytes);
  fiber.stack->prepare(&World::fiber_entry);
  fiber.body = std::move(body);
  fiber.name = name;
  fiber.thread = objects_.create(Object::Type::thread, nullptr);
  return number;
}

/// noexcept: an exception that leaves a thread ends the program.
void World::fiber_entry() noexcept {
  World& world = instance();
  FiberState& me = world.current();
  me.body();
  me.body = nullptr;
  world.finish();
}

void World::finish() {
  FiberState& me = current();
  if (me.held > 0) fail(me.name + " ends while it holds a mutex");
  before_giving();
  writes(me.thread);
  me.finished = true;
  if (telling()) tell("ends");
  if (self_ == 0) finish_main();
  decide();
  Fiber::switch_for_good(*me.stack, *current().stack);
}

void World::finish_main() {
  objects_.destroy(current().thread);
  for (uint8_t k = 0; k < fiber_count_; ++k) {
    if (!fibers_[k].finished) fail(fibers_[k].name + " has not ended when the program's body has");
  }
  if (const std::string left = objects_.leftovers(names_); !left.empty()) {
    fail("left over at the end: " + left);
  }
  Fiber::switch_for_good(*current().stack, root_);
}

Move World::stop(const Operation& operation) {
  const uint8_t me = self_;
  fibers_[me].stopped_before = operation;
  decide();
  if (self_ != me) Fiber::switch_to(*fibers_[me].stack, *current().stack);
  return move_;
}

void World::before_visible() {
  if (!running_) return;
  if (settled_ || options_.grain == Grain::every_operation) stop({});
  settled_ = true;
}

void World::before_giving() {
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
  if (telling()) end_story_line();
  progress_->steps = progress_->steps + 1;
  if (progress_->length >= options_.max_steps) {
    fail("more than " + std::to_string(options_.max_steps) + " steps: does somebody spin?");
  }
  collect_enabled();
  if (enabled_.empty()) fail(stuck());
  Choice chosen{};
  if (!chooser_->choose({enabled_, self_, step_}, chosen)) fail(chooser_->problem(), true);
  progress_->schedule[progress_->length] = chosen;
  progress_->length = progress_->length + 1;
  step_ = {};
  step_choice_ = chosen;
  settled_ = false;
  self_ = chosen.fiber;
  move_ = chosen.move;
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

/// Of waits with the same deadline the others can time out as soon as the first has.
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
    case Operation::What::lock:  // that of a destroyed mutex goes on to be reported
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

/// Only reached when nobody can go on, so `who waits for what` is all there is to say.
std::string World::stuck() {
  std::set<std::string> who;  // by name: numbers depend on the schedule
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
  std::string text = time_would_help ? "nobody can go on before the horizon" : "deadlock";
  for (const std::string& one : who) text += (one == *who.begin() ? ": " : "; ") + one;
  return text;
}

std::string World::waits_for(uint8_t number) {
  const Operation& operation = fibers_[number].stopped_before;
  switch (operation.what) {
    case Operation::What::lock:
      return "wants " + describe(operation.mutex) + " of " +
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
  return "could go on";
}

/// Each deed is told at once: the next one may be a crash.
void World::tell(const std::string& deed) {
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
  if (!line_open_) tell("goes on");
  story_("\n");
  line_open_ = false;
}

}  // namespace dmasim::sim
