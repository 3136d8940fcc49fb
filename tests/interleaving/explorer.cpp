// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/interleaving/explorer.h"

#include <chrono>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include "tests/interleaving/bystanders.h"
#include "tests/interleaving/cage.h"
#include "tests/interleaving/images.h"
#include "tests/interleaving/run_heap.h"
#include "tests/interleaving/search.h"

namespace dmasim::sim {
namespace {

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : "; ") + text;
  return all;
}

/// One line for a message to the parent process; the text of the violation follows it.
std::string line_of(const Finding& finding) {
  return std::to_string(finding.preemptions) + ' ' + std::to_string(finding.steps) + ' ' +
         finding.schedule + '\n';
}

std::pair<std::string, Finding> parse_finding(const std::string& text) {
  const size_t end_of_line = text.find('\n');
  Finding finding;
  std::istringstream line(text.substr(0, end_of_line));
  line >> finding.preemptions >> finding.steps >> finding.schedule;
  return {text.substr(end_of_line + 1), finding};
}

/// What the child does in explore().
class Exploration {
 public:
  Exploration(const Options& options, const Body& body, Progress& progress, const void* callers)
      : options_(options),
        body_(body),
        progress_(progress),
        search_({.reduce = options.reduce && options.preemption_bound < 0,
                 .preemption_bound = options.preemption_bound,
                 .images = has_images(options)}),
        callers_(callers) {
    if (has_images(options)) images_ = std::make_unique<Images>();
  }

  void run(const Speaker& speaker) {
    bool more = true;
    while (more && violation_.empty()) {
      if (enough()) break;
      const bool whole = is_whole_run();
      run_once();
      if (violation_.empty()) more = search_.next_schedule();
      if (whole || !more) watch_bystanders();
    }
    for (const std::string& outcome : outcomes_) speaker.say(Topic::outcome, outcome);
    for (const auto& [violation, finding] : findings_) {
      speaker.say(Topic::finding, line_of(finding) + violation);
    }
    if (!violation_.empty()) speaker.say(Topic::violation, violation_);
    if (more) speaker.say(Topic::schedule_left, "");
  }

 private:
  static bool has_images(const Options& options) {
    return !options.whole_runs && Fiber::can_be_copied();
  }

  [[nodiscard]] bool enough() const {
    if (options_.max_schedules != 0 && progress_.schedules >= options_.max_schedules) return true;
    return options_.max_seconds != 0 && std::chrono::steady_clock::now() >= end_;
  }

  /// The first runs, and some later ones, start at the program's beginning and use no image. They
  /// repeat the choices of the previous run, and the search compares every step.
  [[nodiscard]] bool is_whole_run() const {
    constexpr uint64_t kFirst = 32;
    constexpr uint64_t kEach = 64;
    return progress_.schedules < kFirst || progress_.schedules % kEach == 0;
  }

  /// The first run keeps no images and does not use the RunHeap: a static that is made on first use
  /// may keep memory that it allocates then.
  World::Result run_program() {
    World& world = World::instance();
    if (images_ == nullptr || progress_.schedules == 0) {
      search_.begin_run(std::numeric_limits<int>::max());
      return world.run(options_, body_, search_, progress_);
    }
    images_->forget_behind(static_cast<int>(search_.shared_depth()) - 1);
    if (images_->depth() >= 0 && !is_whole_run()) {
      return world.resume(search_.resume_run(images_->depth()), *images_);
    }
    search_.begin_run(images_->depth());
    return world.run(options_, body_, search_, progress_, images_.get());
  }

  void watch_bystanders() {
    if (images_ == nullptr || !violation_.empty()) return;
    if (!bystanders_) {
      RunHeap::clear();
      bystanders_.emplace(callers_);
    } else if (!bystanders_->unchanged()) {
      violation_ =
          "the program changes a static, or a variable of its caller: this affects later runs";
    }
  }

  void run_once() {
    World::Result result = run_program();
    if (!result.broken && !search_.end_run(result.last_step)) {
      result.broken = true;
      result.violation =
          search_.problem() + (result.violation.empty() ? "" : "; ") + result.violation;
    }
    progress_.schedules = progress_.schedules + 1;
    if (search_.redundant()) progress_.redundant = progress_.redundant + 1;
    progress_.max_depth = search_.max_depth();
    progress_.cut = search_.cut();
    keep(result);
  }

  /// A redundant run shows only what another run shows too.
  void keep(const World::Result& result) {
    const bool violated = !result.violation.empty();
    if (violated && (result.broken || !options_.collect_violations)) {
      violation_ = result.violation;
    } else if (!search_.redundant()) {
      outcomes_.insert(violated ? "VIOLATION: " + result.violation : joined(result.outcomes));
      if (violated) remember(result.violation);
    }
  }

  void remember(const std::string& violation) {
    Finding found{.preemptions = search_.preemptions(), .steps = progress_.length, .schedule = {}};
    const auto [known, is_new] = findings_.try_emplace(violation);
    if (!is_new && !found.shorter_than(known->second)) return;
    found.schedule = to_text({progress_.schedule, progress_.length});
    known->second = std::move(found);
  }

  const Options& options_;
  const Body& body_;
  Progress& progress_;
  const std::chrono::steady_clock::time_point end_ =
      std::chrono::steady_clock::now() + std::chrono::seconds(options_.max_seconds);
  Search search_;
  std::unique_ptr<Images> images_;
  const void* callers_;
  std::optional<Bystanders> bystanders_;
  std::set<std::string> outcomes_;
  std::map<std::string, Finding> findings_;
  std::string violation_;
};

/// Fills an Outcome with the child's messages and its shared Progress.
class Account {
 public:
  explicit Account(Outcome& outcome) : outcome_(outcome) {}

  void receive(Topic topic, const std::string& text) {
    switch (topic) {
      case Topic::violation:
        outcome_.violation = text;
        break;
      case Topic::schedule_left:
        outcome_.complete = false;
        break;
      case Topic::outcome:
        outcome_.outcomes.insert(text);
        break;
      case Topic::finding:
        outcome_.collected.insert(parse_finding(text));
        break;
      case Topic::story:
        outcome_.story += text;
        break;
      case Topic::error_output:
        if (!text.empty()) outcome_.story += "\nstandard error:\n" + text;
        break;
      case Topic::done:
        break;
    }
  }

  void close(const Progress& progress, const std::string& death) {
    outcome_.schedules = progress.schedules;
    outcome_.redundant = progress.redundant;
    outcome_.steps = progress.steps;
    outcome_.max_depth = progress.max_depth;
    outcome_.cut = progress.cut;
    if (!death.empty()) outcome_.violation = death;
    if (outcome_.violation.empty()) return;
    outcome_.complete = false;
    outcome_.schedule = to_text({progress.schedule, progress.length});
  }

 private:
  Outcome& outcome_;
};

Outcome run_in_cage(const Cage::Work& work, int watchdog_s, bool keep_errors) {
  const auto begin = std::chrono::steady_clock::now();
  Outcome outcome;
  outcome.complete = true;
  Account account(outcome);
  Cage cage;
  const std::string death = cage.run(
      work, [&](Topic topic, const std::string& text) { account.receive(topic, text); }, watchdog_s,
      keep_errors);
  account.close(cage.progress(), death);
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return outcome;
}

}  // namespace

Outcome explore(const Options& options, const Body& body) {
  const void* callers = __builtin_frame_address(0);
  Outcome outcome = run_in_cage(
      [&, callers](Progress& progress, const Speaker& speaker) {
        Exploration(options, body, progress, callers).run(speaker);
      },
      options.watchdog_s, false);
  if (outcome.complete || outcome.violation.empty()) return outcome;
  const Outcome again = replay(options, outcome.schedule, body);
  outcome.story = again.story;
  if (again.violation != outcome.violation) {
    outcome.story +=
        "The replay differs from the search: it ended with '" + again.violation + "'\n";
  }
  return outcome;
}

Outcome replay(const Options& options, const std::string& schedule, const Body& body) {
  Outcome outcome = run_in_cage(
      [&](Progress& progress, const Speaker& speaker) {
        Script script(schedule);
        World& world = World::instance();
        world.write_story_to([&](const std::string& text) { speaker.say(Topic::story, text); });
        const World::Result result = world.run(options, body, script, progress);
        progress.schedules = 1;
        if (result.violation.empty()) {
          speaker.say(Topic::outcome, joined(result.outcomes));
        } else {
          speaker.say(Topic::violation, result.violation);
        }
      },
      options.watchdog_s, true);
  outcome.complete = false;
  return outcome;
}

std::string Outcome::report() const {
  std::string text = std::to_string(schedules) + " schedules (" + std::to_string(redundant) +
                     " redundant), " + std::to_string(steps) + " steps, depth " +
                     std::to_string(max_depth) + ", " + std::to_string(seconds) + " s";
  if (cut > 0) text += ", " + std::to_string(cut) + " choices excluded by the preemption bound";
  if (!complete && violation.empty()) text += "; NOT COMPLETE: there are more schedules";
  text += "\n";
  if (!violation.empty()) {
    text += "VIOLATION: " + violation + "\n";
  }
  if (!story.empty()) {
    text += "schedule \"" + schedule + "\":\n" + story;
  }
  return text;
}

}  // namespace dmasim::sim
