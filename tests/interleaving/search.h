// SPDX-License-Identifier: LGPL-2.1-or-later
/// Depth-first search over schedules, with sleep sets.
///
/// A run has the choices of the run before up to the deepest state with an untried choice, takes
/// that one, and goes on with first choices. A choice that was tried in a state sleeps in the
/// states behind the choices tried later, for as long as all that happens is independent of it:
/// whatever follows it there followed it in the state where it was tried.
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
    bool images;           // states are kept to begin later runs there; redundant runs end early
  };
  explicit Search(const Limits& limits) : limits_(limits) {}

  /// From the program's beginning; there are images of no deeper choice point than `imaged`, which
  /// may be -1.
  void begin_run(int imaged);
  /// From the image of choice point `depth`. What has to be done there.
  Choice resume_run(int depth);
  Answer choose(const ChoicePoint& at, Choice& chosen) override;
  /// `step` is the last of the run. False when the run makes no sense.
  bool end_run(const Footprint& step);
  /// After end_run(): goes back to a state with an untried choice. False when there is none.
  bool next_schedule();

  /// The choice points that the next run shares with the last.
  [[nodiscard]] size_t shared_depth() const { return nodes_.size(); }
  /// Whether all choices slept at some point of this run. The rest of it was not branched.
  [[nodiscard]] bool redundant() const { return redundant_; }
  /// How often this run was switched away from a fiber that could go on.
  [[nodiscard]] int preemptions() const;
  [[nodiscard]] uint64_t max_depth() const { return max_depth_; }
  [[nodiscard]] uint64_t cut() const { return cut_; }

 private:
  enum class State : uint8_t { untried, current, tried, asleep, cut };
  struct Branch {
    Choice choice;
    State state;
    bool known;           // whether footprint is
    Footprint footprint;  // of the step that this choice begins
  };
  struct Node {
    size_t first;  // its branches in branches_
    size_t count;
    size_t current;
    int preemptions;  // on the way here
    bool can_go_on;   // the fiber that ran last, which is then that of the first branch
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
  size_t depth_ = 0;  // nodes passed by the run under way
  int imaged_ = -1;
  bool redundant_ = false;
  uint64_t max_depth_ = 0;
  uint64_t cut_ = 0;
};

}  // namespace dmasim::sim
