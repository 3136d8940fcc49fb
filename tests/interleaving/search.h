// SPDX-License-Identifier: LGPL-2.1-or-later
/// Depth-first search over schedules, with sleep sets.
///
/// A run repeats the choices of the previous run up to the deepest state that has an untried
/// choice. It makes this choice, and after that always the first choice of a state.
///
/// If a choice was tried in a state, it then sleeps in the states after the choices that are tried
/// later. It sleeps as long as each step is independent of it. In that time it would lead only to
/// states that the search has already reached from the state where it was tried.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/interleaving/chooser.h"

namespace dmasim::sim {

class Search final : public Chooser {
 public:
  struct Limits {
    bool reduce;
    int preemption_bound;  // -1: none
    bool images;           // keep images, so that later runs begin there; redundant runs end early
  };
  explicit Search(const Limits& limits) : limits_(limits) {}

  /// Begins a run at the program's beginning. No image belongs to a deeper choice point than
  /// `imaged`, which is -1 if there are no images.
  void begin_run(int imaged);
  /// Begins a run at the image of choice point `depth`. Returns the choice to make there.
  Choice resume_run(int depth);
  Answer choose(const ChoicePoint& at, Choice& chosen) override;
  /// `step` is the footprint of the run's last step. False if the run is not valid.
  bool end_run(const Footprint& step);
  /// After end_run(): returns to the deepest state that has an untried choice. False if none has
  /// one.
  bool next_schedule();

  /// How many choice points the next run shares with the last one.
  [[nodiscard]] size_t shared_depth() const { return nodes_.size(); }
  /// Whether all choices were asleep at some point of this run. The search tried no branch after
  /// it.
  [[nodiscard]] bool redundant() const { return redundant_; }
  /// How often this run switched away from a fiber that could continue.
  [[nodiscard]] int preemptions() const;
  [[nodiscard]] uint64_t max_depth() const { return max_depth_; }
  [[nodiscard]] uint64_t cut() const { return cut_; }

 private:
  enum class State : uint8_t { untried, current, tried, asleep, cut };
  struct Branch {
    Choice choice;
    State state;
    bool known;           // whether footprint is known
    Footprint footprint;  // of the step that this choice begins
  };
  struct Node {
    size_t first;  // index of its first branch in branches_
    size_t count;
    size_t current;
    int preemptions;  // of the run up to here
    bool can_go_on;   // whether the fiber that ran last can continue; the first branch is then its
  };

  bool learn_step(const Footprint& step);
  bool same_choices(const Node& node, const ChoicePoint& at) const;
  bool add_node(const ChoicePoint& at);
  void drop_node();
  bool put_to_sleep(Node& node, const Node& parent);
  void cut_preemptions(Node& node);
  bool choose_untried(Node& node);
  [[nodiscard]] bool wants_image(const Node& node) const;
  [[nodiscard]] int preemptions_behind(const Node& node) const;
  Branch& current(const Node& node) { return branches_[node.first + node.current]; }

  Limits limits_;
  std::vector<Node> nodes_;
  std::vector<Branch> branches_;
  size_t depth_ = 0;  // how many nodes the current run has passed
  int imaged_ = -1;
  bool redundant_ = false;
  uint64_t max_depth_ = 0;
  uint64_t cut_ = 0;
};

}  // namespace dmasim::sim
