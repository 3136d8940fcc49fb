// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/debate/report.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <set>
#include <sstream>
#include <utility>

namespace dmasim::debate {
namespace {

const char* const kNone = "-";

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all.empty() ? kNone : all;
}

std::string operations_text(const std::vector<Operation>& operations) {
  std::vector<std::string> names;
  for (const Operation operation : operations) {
    names.push_back(std::string("`") + to_text(operation) + "`");
  }
  return joined(names);
}

std::string topology_text(CompletionTopology topology) {
  return topology == CompletionTopology::shared ? "shared" : "per channel";
}

using Words = std::vector<std::pair<Failure, const char*>>;

std::string cell(const Verdict& verdict, const Words& words) {
  std::vector<std::string> said;
  for (const auto& [failure, word] : words) {
    if (verdict.failures.contains(failure)) said.emplace_back(word);
  }
  return joined(said);
}

std::string freed_cell(const Verdict& verdict) {
  std::vector<std::string> said;
  if (verdict.failures.contains(Failure::freed_runtime) ||
      verdict.failures.contains(Failure::begun_in_freed_runtime)) {
    said.emplace_back("runtime");
  }
  if (verdict.failures.contains(Failure::freed_buffer)) said.emplace_back("buffer");
  if (verdict.failures.contains(Failure::dma_in_freed_buffer)) said.emplace_back("buffer by DMA");
  return joined(said);
}

std::string row(const Verdict& verdict, const std::string& threads) {
  const Design& design = *verdict.design;
  std::string text = "| " + design.name;
  for (const std::string& each :
       {operations_text(design.at_stop), operations_text(design.at_hw_free),
        operations_text(design.at_close), threads, freed_cell(verdict),
        cell(verdict, {{Failure::callback_waits_for_itself, "in the callback"},
                       {Failure::client_and_callback_wait, "with the callback"}}),
        cell(verdict,
             {{Failure::begun_in_freed_runtime, "begins"}, {Failure::freed_runtime, "continues"}}),
        cell(verdict,
             {{Failure::stranger_lost, "lost"}, {Failure::stranger_waited_for, "waited for"}}),
        std::string(verdict.plays_on ? "yes" : kNone)}) {
    text += " | " + each;
  }
  return text + " |\n";
}

/// The verdicts, in one group for each design.
std::vector<std::vector<const Verdict*>> by_design(const std::vector<Verdict>& verdicts) {
  std::vector<std::vector<const Verdict*>> groups;
  for (const Verdict& verdict : verdicts) {
    if (groups.empty() || groups.back().front()->design != verdict.design) groups.emplace_back();
    groups.back().push_back(&verdict);
  }
  return groups;
}

bool any_has(const std::vector<const Verdict*>& group, std::initializer_list<Failure> failures) {
  return std::any_of(group.begin(), group.end(), [&](const Verdict* verdict) {
    return std::any_of(failures.begin(), failures.end(),
                       [&](Failure failure) { return verdict->failures.contains(failure); });
  });
}

/// What the design does to the client of another channel; empty: nothing.
std::string stranger_text(const std::vector<const Verdict*>& group) {
  const bool lost = any_has(group, {Failure::stranger_lost});
  const bool waited_for = any_has(group, {Failure::stranger_waited_for});
  if (!lost && !waited_for) return "";
  const bool per_channel_too = std::any_of(group.begin(), group.end(), [](const Verdict* verdict) {
    return verdict->topology == CompletionTopology::per_channel &&
           any_has({verdict}, {Failure::stranger_lost, Failure::stranger_waited_for});
  });
  const std::string where = group.size() > 1 && !per_channel_too ? "on a shared thread, " : "";
  if (!lost) return where + "waits for another channel's callback";
  return where + "loses another channel's callback" + (waited_for ? ", or waits for it" : "");
}

std::string failures_text(const std::vector<const Verdict*>& group) {
  std::vector<std::string> texts;
  const bool by_dma = any_has(group, {Failure::dma_in_freed_buffer});
  if (by_dma || any_has(group, {Failure::begun_in_freed_runtime, Failure::freed_runtime,
                                Failure::freed_buffer})) {
    texts.emplace_back(by_dma ? "use after free, also by the DMA" : "use after free");
  }
  if (any_has(group, {Failure::callback_waits_for_itself, Failure::client_and_callback_wait})) {
    texts.emplace_back("deadlock");
  }
  if (const std::string text = stranger_text(group); !text.empty()) texts.push_back(text);
  if (std::any_of(group.begin(), group.end(), [](const Verdict* v) { return v->plays_on; })) {
    texts.emplace_back(texts.empty() ? "no memory error, but the DMA continues after stop"
                                     : "the DMA continues after stop");
  }
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : "; ") + text;
  return all;
}

/// The shortest example of each failure in both topologies.
std::map<Failure, Example> examples_of(const std::vector<const Verdict*>& group) {
  std::map<Failure, Example> examples;
  for (const Verdict* verdict : group) {
    for (const auto& [failure, example] : verdict->failures) {
      const auto [known, is_new] = examples.try_emplace(failure, example);
      if (!is_new && example.finding.shorter_than(known->second.finding)) known->second = example;
    }
  }
  return examples;
}

using FailureExample = std::pair<Failure, Example>;

bool shorter(const FailureExample& a, const FailureExample& b) {
  return a.second.finding.shorter_than(b.second.finding);
}

std::vector<FailureExample> examples_to_show(const std::vector<Verdict>& verdicts) {
  std::vector<FailureExample> chosen;
  std::vector<FailureExample> others;
  for (const auto& group : by_design(verdicts)) {
    const std::map<Failure, Example> examples = examples_of(group);
    if (examples.empty()) continue;
    std::vector<FailureExample> all(examples.begin(), examples.end());
    std::stable_sort(all.begin(), all.end(), shorter);
    chosen.push_back(all.front());
    others.insert(others.end(), all.begin() + 1, all.end());
  }
  std::set<Failure> shown;
  for (const FailureExample& each : chosen) shown.insert(each.first);
  std::stable_sort(others.begin(), others.end(), shorter);
  for (const FailureExample& each : others) {
    if (shown.insert(each.first).second) chosen.push_back(each);
  }
  return chosen;
}

/// The story from the start of the actors on. What comes before is the same in all stories.
std::string without_prologue(const std::string& story) {
  std::istringstream lines(story);
  std::string kept;
  bool begun = false;
  for (std::string line; std::getline(lines, line);) {
    if (begun && !line.empty()) kept += line + "\n";
    begun = begun || line.find("starts client") != std::string::npos;
  }
  return kept;
}

}  // namespace

std::string summary_of(const std::vector<Verdict>& verdicts) {
  std::string text =
      "| design | how it ends a transfer | what the search finds |\n"
      "|---|---|---|\n";
  for (const auto& group : by_design(verdicts)) {
    const Design& design = *group.front()->design;
    const std::string failures = failures_text(group);
    const std::string name = failures.empty() ? "**" + design.name + "**" : design.name;
    text += "| " + name + " | " + design.idea + " | " +
            (failures.empty() ? "no failure" : failures) + " |\n";
  }
  return text;
}

std::string table_of(const std::vector<Verdict>& verdicts) {
  std::string text =
      "| design | at stop | at hw_free | at close | completion thread | use after free | deadlock "
      "| callback after close | stranger's callback | DMA after stop |\n"
      "|---|---|---|---|---|---|---|---|---|---|\n";
  for (const auto& group : by_design(verdicts)) {
    if (group.size() == 2 && group[0]->same_as(*group[1])) {
      text += row(*group[0], "either");
      continue;
    }
    for (const Verdict* verdict : group) text += row(*verdict, topology_text(verdict->topology));
  }
  return text;
}

std::string schedules_of(const std::vector<Verdict>& verdicts) {
  std::string text =
      "| design | failure | scene | preemptions | steps | schedule |\n"
      "|---|---|---|---|---|---|\n";
  for (const auto& group : by_design(verdicts)) {
    for (const auto& [failure, example] : examples_of(group)) {
      const std::string scene = to_text(example.scene);
      text += "| " + example.scene.design->name + " | " + to_text(failure) + " | " +
              scene.substr(scene.find(", ") + 2) + " | " +
              std::to_string(example.finding.preemptions) + " | " +
              std::to_string(example.finding.steps) + " | `" + example.finding.schedule + "` |\n";
    }
  }
  return text;
}

std::string stories_of(const std::vector<Verdict>& verdicts) {
  std::string text;
  for (const auto& [failure, example] : examples_to_show(verdicts)) {
    if (!text.empty()) text += "\n";
    text += "**" + to_text(example.scene) + "**: " + to_text(failure) + ". Replay: `" +
            example.finding.schedule + "`\n\n```\n";
    text += without_prologue(replay_example(example).story);
    text += "=> " + example.violation + "\n```\n";
  }
  return text;
}

}  // namespace dmasim::debate
