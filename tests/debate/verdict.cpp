// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/debate/verdict.h"

#include <algorithm>
#include <optional>

#include "tests/debate/explored_memory.h"

namespace dmasim::debate {
namespace {

/// No failure of these short programs needs so many preemptions.
constexpr int kMaxPreemptions = 4;

constexpr Failure kAllFailures[] = {
    Failure::begun_in_freed_runtime,
    Failure::freed_runtime,
    Failure::freed_buffer,
    Failure::dma_in_freed_buffer,
    Failure::callback_waits_for_itself,
    Failure::client_and_callback_wait,
    Failure::stranger_lost,
    Failure::stranger_waited_for,
};

std::optional<Failure> classify(const std::string& violation) {
  static const std::map<std::string, Failure> ours{
      {kBegunInFreedRuntime, Failure::begun_in_freed_runtime},
      {kFreedRuntime, Failure::freed_runtime},
      {kFreedBuffer, Failure::freed_buffer},
      {kDmaInFreedBuffer, Failure::dma_in_freed_buffer},
      {kStrangerLost, Failure::stranger_lost},
      {kStrangerWaitedFor, Failure::stranger_waited_for},
  };
  if (const auto it = ours.find(violation); it != ours.end()) return it->second;
  if (!violation.starts_with("deadlock: ")) return std::nullopt;
  const auto says = [&](const char* text) { return violation.find(text) != std::string::npos; };
  if (says("waits for the PCM's lock, held by client")) return Failure::client_and_callback_wait;
  if (says("waits for the PCM's lock, held by dmasim-irq"))
    return Failure::callback_waits_for_itself;
  return std::nullopt;
}

bool about_stranger(Failure failure) {
  return failure == Failure::stranger_lost || failure == Failure::stranger_waited_for;
}

class Judge {
 public:
  Judge(const Design& design, CompletionTopology topology) {
    verdict_.design = &design;
    verdict_.topology = topology;
  }

  Verdict judge() {
    for (const Scene& scene : scenes()) {
      const std::set<Failure> found = search_all(scene);
      seen_.insert(found.begin(), found.end());
      deepen(scene, found, kMaxPreemptions);
    }
    for (const Failure failure : seen_) {
      if (!verdict_.failures.contains(failure)) {
        problem(verdict_.design->name + ": no short example of '" + to_text(failure) + "'");
      }
    }
    return std::move(verdict_);
  }

  Verdict judge_within(int max_preemptions) {
    for (const Scene& scene : scenes()) {
      deepen(scene, {std::begin(kAllFailures), std::end(kAllFailures)}, max_preemptions);
    }
    return std::move(verdict_);
  }

 private:
  /// The scene with a stranger has one period and no xrun, because it is only about the stranger.
  [[nodiscard]] std::vector<Scene> scenes() const {
    const Design* design = verdict_.design;
    const CompletionTopology topology = verdict_.topology;
    return {
        {.design = design, .topology = topology, .xrun = false, .stranger = false, .periods = 2},
        {.design = design, .topology = topology, .xrun = true, .stranger = false, .periods = 2},
        {.design = design, .topology = topology, .xrun = false, .stranger = true, .periods = 1}};
  }

  sim::Outcome explore(const Scene& scene, const sim::Options& options) {
    sim::Outcome found =
        sim::explore(options, [&](sim::Program& program) { play(scene, program); });
    verdict_.schedules += found.schedules;
    verdict_.seconds += found.seconds;
    verdict_.complete = verdict_.complete && found.complete;
    verdict_.plays_on = verdict_.plays_on || found.outcomes.contains(kPlaysOn);
    for (const auto& [violation, finding] : found.collected) {
      if (!classify(violation)) problem(to_text(scene) + ": " + violation);
    }
    if (!found.violation.empty()) problem(to_text(scene) + ": " + found.violation);
    return found;
  }

  /// Searches every schedule for the failures that exist.
  std::set<Failure> search_all(const Scene& scene) {
    std::set<Failure> failures;
    const sim::Outcome found = explore(scene, options_of(scene));
    for (const auto& [violation, finding] : found.collected) {
      if (const std::optional<Failure> failure = classify(violation)) failures.insert(*failure);
    }
    return failures;
  }

  /// Searches for the shortest example of each failure, with a growing preemption bound. One period
  /// is enough for each failure. In the scene with a stranger, it looks only for failures that
  /// concern the stranger, because the other scenes show the rest.
  void deepen(Scene scene, std::set<Failure> wanted, int max_preemptions) {
    scene.periods = 1;
    if (scene.stranger) std::erase_if(wanted, [](Failure f) { return !about_stranger(f); });
    sim::Options options = options_of(scene);
    for (int bound = 0; bound <= max_preemptions && !wanted.empty(); ++bound) {
      options.preemption_bound = bound;
      const sim::Outcome found = explore(scene, options);
      for (const auto& [violation, finding] : found.collected) {
        const std::optional<Failure> failure = classify(violation);
        if (!failure || !wanted.contains(*failure)) continue;
        keep_shortest(*failure, {scene, violation, finding});
      }
      std::erase_if(wanted, [&](Failure f) { return verdict_.failures.contains(f); });
    }
  }

  void keep_shortest(Failure failure, const Example& example) {
    const auto [known, is_new] = verdict_.failures.try_emplace(failure, example);
    if (!is_new && example.finding.shorter_than(known->second.finding)) known->second = example;
  }

  void problem(const std::string& what) { verdict_.problem += what + "\n"; }

  Verdict verdict_;
  std::set<Failure> seen_;
};

}  // namespace

const char* to_text(Failure failure) {
  switch (failure) {
    case Failure::begun_in_freed_runtime:
      return "a callback begins in the freed runtime";
    case Failure::freed_runtime:
      return "a callback continues in the freed runtime";
    case Failure::freed_buffer:
      return "a callback writes to the freed buffer";
    case Failure::dma_in_freed_buffer:
      return "the DMA reads the freed buffer";
    case Failure::callback_waits_for_itself:
      return "deadlock: the callback waits for itself";
    case Failure::client_and_callback_wait:
      return "deadlock: the client waits for a callback that waits for its lock";
    case Failure::stranger_lost:
      return "a stranger's callback is lost";
    case Failure::stranger_waited_for:
      return "a stranger's callback is waited for";
  }
  return "?";
}

bool Verdict::same_as(const Verdict& other) const {
  if (plays_on != other.plays_on || failures.size() != other.failures.size()) return false;
  return std::equal(failures.begin(), failures.end(), other.failures.begin(),
                    [](const auto& a, const auto& b) { return a.first == b.first; });
}

Verdict judge(const Design& design, CompletionTopology topology) {
  return Judge(design, topology).judge();
}

Verdict judge_within(int max_preemptions, const Design& design, CompletionTopology topology) {
  return Judge(design, topology).judge_within(max_preemptions);
}

Replayed replay_example(const Example& example) {
  const sim::Outcome again =
      sim::replay(options_of(example.scene), example.finding.schedule,
                  [&](sim::Program& program) { play(example.scene, program); });
  Replayed replayed{.story = again.story, .problem = {}};
  if (again.violation != example.violation) {
    replayed.problem = to_text(example.scene) + ": \"" + example.finding.schedule +
                       "\" ended with '" + again.violation + "', not with '" + example.violation +
                       "'\n";
  }
  return replayed;
}

}  // namespace dmasim::debate
