// SPDX-License-Identifier: LGPL-2.1-or-later
// Shows with random programs that the explorer's reductions leave out no behaviour:
//
// - A search that continues from images has the same counts, outcomes and schedules as one that
// repeats
//   each run from the beginning.
// - The outcomes and violations are the same with and without sleep sets.
// - They are the same if each single operation is a choice point. So the steps end at the right
// places.
//
// Each thread of a program reports everything that it saw: values, times, and how its waits ended.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/interleaving/explorer.h"

namespace dmasim::sim {
namespace {

enum class Verb {
  write,         // writes the section's variable
  read,          // reads it
  wait_nonzero,  // waits until the variable is not 0
  wait_once,     // waits without a condition and a deadline; often this is a deadlock
  wait_until,    // waits until a deadline
  notify,
  clock,
  nested,  // locks the other section, writes its variable, unlocks it
};

struct Action {
  enum class What { section, notify, touch, look, note, clock, advance, thread };
  What what = What::clock;
  size_t which = 0;           // index of the section
  int64_t time = 0;           // a deadline, or the time for `advance`
  std::vector<Verb> verbs{};  // what a `section` does under its lock
};

using Plan = std::vector<std::vector<Action>>;  // the actions of each actor

class Planner {
 public:
  explicit Planner(unsigned seed) : random_(seed) {}

  Plan plan() {
    Plan actors(below(4) == 0 ? 3 : 2);
    for (auto& actions : actors) {
      const size_t count = actors.size() == 3 ? 1 + below(2) : 1 + below(3);
      actions.push_back({Action::What::section, 0, 0, {Verb::read, Verb::write}});
      for (size_t k = 0; k < count; ++k) actions.push_back(action());
    }
    return actors;
  }

 private:
  size_t below(unsigned limit) { return random_() % limit; }

  Action action() {
    using What = Action::What;
    static constexpr std::array kWhats = {What::section, What::section, What::section, What::notify,
                                          What::touch,   What::look,    What::note,    What::clock,
                                          What::advance, What::thread};
    Action action{kWhats.at(below(kWhats.size())), below(4) / 3,
                  static_cast<int64_t>(1 + below(3))};
    if (action.what != What::section) return action;
    static constexpr std::array kVerbs = {
        Verb::write,        Verb::write,     Verb::write,      Verb::read,       Verb::read,
        Verb::read,         Verb::clock,     Verb::wait_until, Verb::wait_until, Verb::notify,
        Verb::wait_nonzero, Verb::wait_once, Verb::nested};
    const size_t count = 1 + below(3);
    for (size_t k = 0; k < count; ++k) action.verbs.push_back(kVerbs.at(below(kVerbs.size())));
    return action;
  }

  std::mt19937 random_;
};

/// Runs a plan. It has two sections, each with a lock, a condition variable and a variable, and one
/// object that no lock guards.
class Playground {
 public:
  explicit Playground(const Plan& plan) : plan_(plan), logs_(plan.size()) {}

  void run(Program& program) {
    name(&object_, "object");
    for (size_t k = 0; k < plan_.size(); ++k) {
      program.actor(std::string(1, static_cast<char>('p' + k)), [this, k] { act(k); });
    }
    program.run();
    std::string all;
    for (const std::string& log : logs_) all += "[" + log + "] ";
    for (Section& section : sections_) all += std::to_string(section.value) + " ";
    outcome(all + std::to_string(object_) + " " + std::to_string(now_ns()));
  }

 private:
  struct Section {
    Mutex lock{};
    CondVar changed{};
    int value = 0;
  };

  void act(size_t actor) {
    int mark = static_cast<int>(actor) * 10;
    for (const Action& action : plan_[actor]) perform(action, logs_[actor], ++mark);
  }

  void perform(const Action& action, std::string& log, int mark) {
    switch (action.what) {
      case Action::What::section:
        enter(action, log, mark);
        break;
      case Action::What::notify:
        sections_[action.which].changed.notify_all();
        break;
      case Action::What::touch:
        yield(&object_, Access::write);
        object_ = mark;
        break;
      case Action::What::look:
        yield(&object_, Access::read);
        log += "o" + std::to_string(object_);
        break;
      case Action::What::note:
        note(&object_);
        log += "o" + std::to_string(object_);
        object_ = mark;
        break;
      case Action::What::clock:
        log += "t" + std::to_string(now_ns());
        break;
      case Action::What::advance:
        advance_to(action.time);
        break;
      case Action::What::thread:
        run_thread(action, log, mark);
        break;
    }
  }

  void run_thread(const Action& action, std::string& log, int mark) {
    Thread thread;
    std::string its_log;
    const Action its{Action::What::section, action.which, 0, {Verb::read, Verb::write}};
    (void)thread.start({.name = "child"}, [&] { enter(its, its_log, mark); });
    if (action.time > 1) enter(its, log, mark);
    thread.join();
    log += "{" + its_log + "}";
  }

  // The plan decides which locks are held, so the thread-safety analysis cannot know it.
  void enter(const Action& action, std::string& log, int mark)
      DMASIM_TSA(no_thread_safety_analysis) {
    Section& section = sections_[action.which];
    section.lock.lock();
    for (const Verb verb : action.verbs) perform(verb, action, log, mark);
    section.lock.unlock();
    if (action.time == 3) section.changed.notify_all();
  }

  void perform(Verb verb, const Action& action, std::string& log, int mark)
      DMASIM_TSA(no_thread_safety_analysis) {
    Section& section = sections_[action.which];
    Section& other = sections_[1 - action.which];
    switch (verb) {
      case Verb::write:
        section.value = mark;
        break;
      case Verb::read:
        log += "v" + std::to_string(section.value);
        break;
      case Verb::wait_nonzero:
        while (section.value == 0) section.changed.wait(section.lock);
        break;
      case Verb::wait_once:
        section.changed.wait(section.lock);
        break;
      case Verb::wait_until:
        log += section.changed.wait_until(section.lock, action.time) ? "n" : "x";
        break;
      case Verb::notify:
        section.changed.notify_all();
        break;
      case Verb::clock:
        log += "t" + std::to_string(now_ns());
        break;
      case Verb::nested:
        other.lock.lock();
        other.value = mark;
        other.lock.unlock();
        break;
    }
  }

  const Plan& plan_;
  std::vector<std::string> logs_;
  std::array<Section, 2> sections_{};
  int object_ = 0;
};

Outcome explore_plan(const Plan& plan, Options options) {
  options.collect_violations = true;
  options.horizon_ns = 2;  // deadlines go up to 3
  options.max_schedules = 40000;
  return explore(options, [&](Program& program) { Playground(plan).run(program); });
}

bool has_note(const Plan& plan) {
  for (const auto& actions : plan) {
    for (const Action& action : actions) {
      if (action.what == Action::What::note) return true;
    }
  }
  return false;
}

std::string text(const std::set<std::string>& outcomes) {
  std::string all;
  for (const std::string& one : outcomes) all += "  " + one + "\n";
  return all;
}

std::string schedules_of(const Outcome& found) {
  std::string all;
  for (const auto& [violation, finding] : found.collected) {
    all += violation + ": " + finding.schedule + "\n";
  }
  return all;
}

/// Compares the searches of one program. If the search without sleep sets is too large, the program
/// is left out. The test counts the programs that were compared.
class Equivalence : public testing::TestWithParam<int> {
 protected:
  void compare(const Plan& plan, const Options& base, unsigned seed) {
    const Outcome reduced = explore_plan(plan, base);
    Options options = base;
    options.reduce = false;
    const Outcome full = explore_plan(plan, options);
    ASSERT_TRUE(reduced.complete || !full.complete) << seed << " " << reduced.report();
    if (!full.complete) return;
    Options whole = base;
    whole.whole_runs = true;
    const Outcome repeated = explore_plan(plan, whole);
    ASSERT_EQ(text(repeated.outcomes), text(reduced.outcomes)) << "seed " << seed;
    ASSERT_EQ(repeated.schedules, reduced.schedules) << "seed " << seed;
    ASSERT_EQ(repeated.redundant, reduced.redundant) << "seed " << seed;
    ASSERT_EQ(schedules_of(repeated), schedules_of(reduced)) << "seed " << seed;
    ++compared_;
    outcomes_ += full.outcomes.size();
    ASSERT_EQ(text(full.outcomes), text(reduced.outcomes)) << "seed " << seed;
    ASSERT_LE(reduced.schedules, full.schedules) << "seed " << seed;
    if (has_note(plan)) return;  // a note belongs to the operation before it at both grains
    options.reduce = true;       // without it, few searches would end
    options.grain = Grain::every_operation;
    const Outcome finest = explore_plan(plan, options);
    if (!finest.complete) return;
    ++compared_with_finest_;
    ASSERT_EQ(text(finest.outcomes), text(full.outcomes)) << "seed " << seed;
  }

  unsigned compared_ = 0;
  unsigned compared_with_finest_ = 0;
  size_t outcomes_ = 0;
};

constexpr unsigned kPrograms = 60;  // for each parameter of the test

TEST_P(Equivalence, ReductionKeepsAllOutcomes) {
  for (unsigned k = 0; k < kPrograms && !HasFatalFailure(); ++k) {
    const unsigned seed = static_cast<unsigned>(GetParam()) * kPrograms + k;
    const Plan plan = Planner(seed).plan();
    const Options options{.spurious_budget = static_cast<int>(seed % 2),
                          .patient = seed % 5 < 2,
                          .gaps = seed % 3 == 0};
    compare(plan, options, seed);
  }
  RecordProperty("compared", static_cast<int>(compared_));
  EXPECT_GT(compared_, kPrograms * 3 / 4);
  EXPECT_GT(compared_with_finest_, kPrograms / 3);
  EXPECT_GT(outcomes_, size_t{compared_} * 4);
}

INSTANTIATE_TEST_SUITE_P(Random, Equivalence, testing::Range(0, 5));

}  // namespace
}  // namespace dmasim::sim
