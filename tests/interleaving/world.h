// SPDX-License-Identifier: LGPL-2.1-or-later
/// One run of a program: its fibers, its objects, its time, and the step under way.
///
/// A step goes from one choice point of a fiber to its next. It is made so that it is R* N? L*:
/// first what only takes (a lock, a join), then at most one operation that others can see or cause
/// (a notification, a look at the clock, entering a wait), then what only gives (an unlock, a
/// thread's start or end). Such a step has no effect that its operations could not have had with
/// others in between, and the other way round; so only whole steps have to be put in all orders.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/interleaving/chooser.h"
#include "tests/interleaving/explorer.h"
#include "tests/interleaving/fiber.h"
#include "tests/interleaving/images.h"
#include "tests/interleaving/objects.h"

namespace dmasim::sim {

/// What a fiber has stopped before.
struct Operation {
  enum class What : uint8_t {
    step,    ///< anything that is possible at once
    lock,    ///< mutex
    wait,    ///< for condvar, then for mutex; a notification makes it a lock
    join,    ///< thread
    actors,  ///< the end of all actors
  };
  What what = What::step;
  uint32_t mutex = 0;
  uint32_t condvar = 0;
  int64_t deadline_ns = kNever;
  uint8_t fiber = 0;  // to join
};

struct FiberState {
  std::function<void()> body;
  std::string name;
  const void* tag = nullptr;
  uint32_t thread = 0;  // its object
  Operation stopped_before;
  bool finished = false;
  bool actor = false;
  bool parked = false;            // an actor before Program::run()
  int held = 0;                   // mutexes
  const char* promise = nullptr;  // of NeverWaits
};

/// What an image of a run copies byte for byte, and puts back in the same place. The memory that it
/// owns is in the RunHeap, which is copied too.
struct RunState {
  uint8_t fiber_count_ = 0;
  uint8_t self_ = 0;
  Move move_ = Move::run;
  bool settled_ = false;  // the step has had its N or an L
  Footprint step_;
  Choice step_choice_{};  // what began it
  int64_t now_ns_ = 0;
  int spurious_left_ = 0;
  std::vector<std::string> outcomes_;
  std::map<const void*, std::shared_ptr<void>> attached_;
  std::array<FiberState, kMaxFibers> fibers_;  // at the end: most are not in use
};

/// Where a run shows how far it has come. It may be shared with another process.
struct Progress {
  static constexpr uint32_t kMaxSteps = 1u << 16;
  volatile uint64_t schedules;
  volatile uint64_t redundant;
  volatile uint64_t steps;
  volatile uint64_t max_depth;
  volatile uint64_t cut;
  volatile uint32_t length;  // of the schedule
  Choice schedule[kMaxSteps];
};

class World : private RunState {
 public:
  struct Result {
    std::string violation;   ///< empty: the run came to its end
    bool abandoned = false;  ///< by the chooser
    bool broken = false;     ///< the violation is the chooser's: no further run makes sense
    std::vector<std::string> outcomes;
    Footprint last_step;
  };
  using Story = std::function<void(const std::string& text)>;

  static World& instance() { return the_one_ != nullptr ? *the_one_ : make(); }

  /// With `images`, `new` takes from the RunHeap, and the chooser may have states kept.
  Result run(const Options& options, const Body& body, Chooser& chooser, Progress& progress,
             Images* images = nullptr);
  /// Goes on from the last of the images of an earlier run, with `choice`.
  Result resume(Choice choice, Images& images);
  void write_story_to(Story story) { story_ = std::move(story); }

  [[nodiscard]] bool running() const { return running_; }
  [[noreturn]] void fail(const std::string& what, bool broken = false);

  /// A choice point.
  Move stop(const Operation& operation);
  /// A choice point only where the step would no longer be R* N? L*. Outside of runs: nothing.
  void before_visible();
  void before_release();
  /// A choice point, and what follows can be seen by others.
  void stop_before_visible();
  /// The step has done something visible, so the next such thing needs a choice point.
  void settle() { settled_ = true; }

  [[nodiscard]] uint8_t self() const { return self_; }
  /// For what a double has to keep beside an object that it cannot change; it is as new in each
  /// run.
  std::map<const void*, std::shared_ptr<void>>& attached() { return attached_; }

  FiberState& fiber(uint8_t number) { return fibers_[number]; }
  FiberState& current() { return fibers_[self_]; }
  uint8_t add_fiber(const std::string& name, std::function<void()> body);
  [[nodiscard]] uint8_t fiber_count() const { return fiber_count_; }

  Objects& objects() { return objects_; }
  Names& names() { return names_; }
  [[nodiscard]] std::string describe(uint32_t object) { return objects_.describe(object, names_); }
  Footprint& step() { return step_; }
  void reads(uint32_t object) { step_.read({Kind::sync, object}); }
  void writes(uint32_t object) { step_.write({Kind::sync, object}); }

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] int64_t now_ns() const { return now_ns_; }
  [[nodiscard]] bool can_time_out(const Operation& wait) const;
  void move_time_to(int64_t at_ns);
  int& spurious_left() { return spurious_left_; }
  void add_outcome(const std::string& what) { outcomes_.push_back(what); }

  /// For the story. Texts are costly: ask first.
  [[nodiscard]] bool has_story() const { return story_ != nullptr; }
  void add_to_story(const std::string& deed);

 private:
  static World& make();
  static void fiber_entry() noexcept;
  void reset(const Options& options, Chooser& chooser, Progress& progress);
  void forget_run();
  Result go_on();
  void keep_image();
  void put_back_image();
  [[nodiscard]] size_t used_state_bytes() const;
  Fiber& stack_of(uint8_t number) { return *stacks_[number]; }
  void begin_step(Choice choice);
  [[noreturn]] void finish();
  [[noreturn]] void finish_main();
  void decide();
  void collect_enabled();
  void collect_wait_ends(uint8_t number);
  void collect_earliest_time_out();
  void add_if_able(uint8_t number);
  bool can_run(uint8_t number);
  bool all_actors_finished() const;
  std::string stuck();
  std::string waits_for(uint8_t number);
  void end_story_line();

  Options options_;
  Chooser* chooser_ = nullptr;
  Progress* progress_ = nullptr;
  Story story_;
  bool running_ = false;
  Result result_;

  static inline World* the_one_ = nullptr;

  Images* images_ = nullptr;
  bool state_in_run_heap_ = false;  // what RunState owns
  bool keeping_ = false;            // root is asked to keep an image and to go on
  Fiber root_;
  std::array<std::unique_ptr<Fiber>, kMaxFibers> stacks_;
  std::vector<Choice> enabled_;
  Objects objects_;
  Names names_;
  bool line_open_ = false;
};

}  // namespace dmasim::sim
