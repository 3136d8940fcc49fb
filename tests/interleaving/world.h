// SPDX-License-Identifier: LGPL-2.1-or-later
/// One run of a program: its fibers, its objects, its time, and the current step.
///
/// A step leads from one choice point of a fiber to its next one. Its operations have the form R*
/// N? L*:
/// - R: operations that only acquire (a lock, a join)
/// - N: at most one operation that other fibers can notice or influence (a notification, a clock
/// read,
///   the begin of a wait)
/// - L: operations that only release (an unlock, a thread's start or end)
/// By Lipton's reduction, such a step has the same effects whether or not operations of other
/// fibers come between its own. So the search needs to reorder only whole steps.
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

/// The operation before which a fiber has stopped.
struct Operation {
  enum class What : uint8_t {
    step,    ///< anything that can always run
    lock,    ///< lock the mutex
    wait,    ///< wait on the condvar, then lock the mutex; a notification turns it into `lock`
    join,    ///< join the thread of a fiber
    actors,  ///< wait for the end of all actors
  };
  What what = What::step;
  uint32_t mutex = 0;
  uint32_t condvar = 0;
  int64_t deadline_ns = kNever;
  uint8_t fiber = 0;  // for `join`
};

struct FiberState {
  std::function<void()> body;
  std::string name;
  const void* tag = nullptr;
  uint32_t thread = 0;  // the number of its Thread object
  Operation stopped_before;
  bool finished = false;
  bool actor = false;
  bool parked = false;            // an actor that Program::run() has not started yet
  int held = 0;                   // how many mutexes it holds
  const char* promise = nullptr;  // the call that promises not to wait; see NeverWaits
};

/// The state that an image copies byte for byte and puts back at the same address. The memory that
/// it owns is in the RunHeap, and an image copies the RunHeap too.
struct RunState {
  uint8_t fiber_count_ = 0;
  uint8_t self_ = 0;
  Move move_ = Move::run;
  bool settled_ = false;  // the step has already had its N, or an L
  Footprint step_;
  Choice step_choice_{};  // the choice that began the step
  int64_t now_ns_ = 0;
  int spurious_left_ = 0;
  std::vector<std::string> outcomes_;
  std::map<const void*, std::shared_ptr<void>> attached_;
  std::array<FiberState, kMaxFibers>
      fibers_;  // the last member, because most of it is unused and not copied
};

/// How far a run has come. Another process may read it in shared memory.
struct Progress {
  static constexpr uint32_t kMaxSteps = 1u << 16;
  volatile uint64_t schedules;
  volatile uint64_t redundant;
  volatile uint64_t steps;
  volatile uint64_t max_depth;
  volatile uint64_t cut;
  volatile uint32_t length;  // how many choices `schedule` has
  Choice schedule[kMaxSteps];
};

class World : private RunState {
 public:
  struct Result {
    std::string violation;   ///< empty: the run reached its end
    bool abandoned = false;  ///< the chooser ended the run
    bool broken = false;     ///< the chooser reported the violation; further runs are useless
    std::vector<std::string> outcomes;
    Footprint last_step;
  };
  using Story = std::function<void(const std::string& text)>;

  static World& instance() { return the_one_ != nullptr ? *the_one_ : make(); }

  /// With `images`, `new` allocates in the RunHeap, and the chooser may ask to keep images.
  Result run(const Options& options, const Body& body, Chooser& chooser, Progress& progress,
             Images* images = nullptr);
  /// Puts back the last image of an earlier run, and continues from there with `choice`.
  Result resume(Choice choice, Images& images);
  void write_story_to(Story story) { story_ = std::move(story); }

  [[nodiscard]] bool running() const { return running_; }
  [[noreturn]] void fail(const std::string& what, bool broken = false);

  /// A choice point.
  Move stop(const Operation& operation);
  /// A choice point only if the step would otherwise lose the form R* N? L*. Outside of runs it
  /// does nothing.
  void before_visible();
  void before_release();
  /// A choice point before an operation that other fibers can notice.
  void stop_before_visible();
  /// Records that other fibers can notice what the step has done. So the next such operation needs
  /// a choice point.
  void settle() { settled_ = true; }

  [[nodiscard]] uint8_t self() const { return self_; }
  /// Where a test double keeps data for an object whose type it cannot change. It is empty at the
  /// beginning of each run.
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

  /// Whether this run writes a story. Ask before add_to_story(), because its texts take time to
  /// build.
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
  bool state_in_run_heap_ = false;  // whether the memory that RunState owns is in the RunHeap
  bool keeping_ = false;            // root_ has to keep an image and then to continue the run
  Fiber root_;
  std::array<std::unique_ptr<Fiber>, kMaxFibers> stacks_;
  std::vector<Choice> enabled_;
  Objects objects_;
  Names names_;
  bool line_open_ = false;
};

}  // namespace dmasim::sim
