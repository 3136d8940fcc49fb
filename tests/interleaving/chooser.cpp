// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/interleaving/chooser.h"

#include <algorithm>

namespace dmasim::sim {

std::string to_text(Choice choice) {
  const char base = choice.fiber < 26 ? 'a' : 'A' - 26;
  std::string text(1, static_cast<char>(base + choice.fiber));
  if (choice.move == Move::time_out) text += '!';
  if (choice.move == Move::spurious) text += '~';
  return text;
}

std::string to_text(std::span<const Choice> schedule) {
  std::string text;
  for (const Choice choice : schedule) text += to_text(choice);
  return text;
}

Answer Script::choose(const ChoicePoint& at, Choice& chosen) {
  chosen = at.enabled.front();
  if (position_ >= schedule_.size()) return Answer::go_on;
  const auto wanted = std::find_if(at.enabled.begin(), at.enabled.end(), [&](Choice choice) {
    const std::string text = to_text(choice);
    const char after =
        position_ + text.size() < schedule_.size() ? schedule_[position_ + text.size()] : '\0';
    return schedule_.compare(position_, text.size(), text) == 0 && after != '!' && after != '~';
  });
  if (wanted == at.enabled.end()) {
    refuse("the schedule does not fit this program: no '" + schedule_.substr(position_, 2) +
           "' among " + to_text(at.enabled));
    return Answer::broken;
  }
  chosen = *wanted;
  position_ += to_text(chosen).size();
  return Answer::go_on;
}

}  // namespace dmasim::sim
