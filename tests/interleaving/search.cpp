// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/interleaving/search.h"

#include <algorithm>

namespace dmasim::sim {

void Search::begin_run(int imaged) {
  depth_ = 0;
  redundant_ = false;
  imaged_ = imaged;
}

Choice Search::resume_run(int depth) {
  depth_ = static_cast<size_t>(depth) + 1;
  redundant_ = false;
  imaged_ = depth;
  return current(nodes_[depth_ - 1]).choice;
}

Answer Search::choose(const ChoicePoint& at, Choice& chosen) {
  chosen = at.enabled.front();
  if (redundant_) return Answer::go_on;
  if (!learn_step(at.step)) return Answer::broken;
  if (depth_ == nodes_.size()) {
    if (!add_node(at)) return Answer::broken;
    if (!choose_untried(nodes_.back())) {
      drop_node();
      redundant_ = true;
      return limits_.images ? Answer::abandon : Answer::go_on;
    }
  } else if (!same_choices(nodes_[depth_], at)) {
    refuse("nondeterministic program: after the same " + std::to_string(depth_) +
           " steps as in an earlier run, it has the choices " + to_text(at.enabled));
    return Answer::broken;
  }
  const Node& node = nodes_[depth_];
  chosen = current(node).choice;
  const bool keep = limits_.images && static_cast<int>(depth_) > imaged_ && wants_image(node);
  ++depth_;
  max_depth_ = std::max<uint64_t>(max_depth_, depth_);
  return keep ? Answer::keep_and_go_on : Answer::go_on;
}

bool Search::end_run(const Footprint& step) {
  if (redundant_) return true;
  if (!learn_step(step)) return false;
  if (depth_ == nodes_.size()) return true;
  return refuse("nondeterministic program: it ends after " + std::to_string(depth_) +
                " steps, but an earlier run did not");
}

bool Search::next_schedule() {
  while (!nodes_.empty()) {
    Node& node = nodes_.back();
    current(node).state = State::tried;
    if (choose_untried(node)) return true;
    drop_node();
  }
  return false;
}

/// The current branch of the previous node began the step that ends here.
bool Search::learn_step(const Footprint& step) {
  if (depth_ == 0) return true;
  Branch& begun = current(nodes_[depth_ - 1]);
  if (begun.known && begun.footprint != step) {
    return refuse("nondeterministic program: step " + std::to_string(depth_) + " (" +
                  to_text(begun.choice) + ") touches other objects than in an earlier run");
  }
  begun.known = true;
  begun.footprint = step;
  return true;
}

bool Search::same_choices(const Node& node, const ChoicePoint& at) const {
  if (node.count != at.enabled.size()) return false;
  for (size_t k = 0; k < node.count; ++k) {
    if (branches_[node.first + k].choice != at.enabled[k]) return false;
  }
  return true;
}

bool Search::add_node(const ChoicePoint& at) {
  const bool can_go_on = at.enabled.front() == Choice{at.last, Move::run};
  Node node{branches_.size(), at.enabled.size(), 0, 0, can_go_on};
  for (const Choice choice : at.enabled) {
    branches_.push_back(Branch{choice, State::untried, false, {}});
  }
  bool sound = true;
  if (!nodes_.empty()) {
    const Node& parent = nodes_.back();
    node.preemptions = preemptions_behind(parent);
    if (limits_.reduce) sound = put_to_sleep(node, parent);
  }
  cut_preemptions(node);
  nodes_.push_back(node);
  return sound || refuse("explorer bug: a sleeping choice was disabled by an independent step");
}

int Search::preemptions_behind(const Node& node) const {
  const Choice taken = branches_[node.first + node.current].choice;
  const bool preempted = node.can_go_on && taken.fiber != branches_[node.first].choice.fiber;
  return node.preemptions + (preempted ? 1 : 0);
}

int Search::preemptions() const { return nodes_.empty() ? 0 : preemptions_behind(nodes_.back()); }

void Search::drop_node() {
  branches_.resize(nodes_.back().first);
  nodes_.pop_back();
}

bool Search::put_to_sleep(Node& node, const Node& parent) {
  const Branch& taken = current(parent);
  for (size_t k = 0; k < parent.count; ++k) {
    const Branch& other = branches_[parent.first + k];
    if (other.state != State::tried && other.state != State::asleep) continue;
    if (other.choice.fiber == taken.choice.fiber) continue;
    if (!other.footprint.independent_of(taken.footprint)) continue;
    const auto begin = branches_.begin() + static_cast<std::ptrdiff_t>(node.first);
    const auto same = std::find_if(begin, branches_.end(),
                                   [&](const Branch& b) { return b.choice == other.choice; });
    if (same == branches_.end()) return false;
    same->state = State::asleep;
    same->known = true;
    same->footprint = other.footprint;
  }
  return true;
}

void Search::cut_preemptions(Node& node) {
  if (!node.can_go_on || limits_.preemption_bound < 0) return;
  if (node.preemptions < limits_.preemption_bound) return;
  for (size_t k = 0; k < node.count; ++k) {
    Branch& branch = branches_[node.first + k];
    if (branch.choice.fiber == branches_[node.first].choice.fiber) continue;
    branch.state = State::cut;
    ++cut_;
  }
}

bool Search::choose_untried(Node& node) {
  for (size_t k = 0; k < node.count; ++k) {
    Branch& branch = branches_[node.first + k];
    if (branch.state != State::untried) continue;
    branch.state = State::current;
    node.current = k;
    return true;
  }
  return false;
}

bool Search::wants_image(const Node& node) const {
  for (size_t k = 0; k < node.count; ++k) {
    if (branches_[node.first + k].state == State::untried) return true;
  }
  return false;
}

}  // namespace dmasim::sim
