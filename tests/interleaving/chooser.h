// SPDX-License-Identifier: LGPL-2.1-or-later
/// Who decides what happens next in a run.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "tests/interleaving/footprint.h"

namespace dmasim::sim {

enum class Move : uint8_t {
  run,       ///< do what the fiber stopped before
  time_out,  ///< end its wait because of the deadline
  spurious,  ///< end its wait for no reason
};

struct Choice {
  uint8_t fiber;
  Move move;
  bool operator==(const Choice&) const = default;
};

inline constexpr size_t kMaxFibers = 52;  // one letter each

/// As in a printed schedule: a letter for the fiber, '!' for a time-out, '~' for spurious.
std::string to_text(std::span<const Choice> schedule);
std::string to_text(Choice choice);

/// A state of a run in which something has to be chosen.
struct ChoicePoint {
  std::span<const Choice> enabled;  ///< never empty; begins with `last` if that can go on
  uint8_t last;                     ///< the fiber that ran last
  const Footprint& step;            ///< of what it did since the choice point before
};

/// What becomes of a run at a choice point.
enum class Answer : uint8_t {
  go_on,
  keep_and_go_on,  ///< this choice point is come back to, so an image of it saves repeating the way
  abandon,         ///< nothing new comes
  broken,          ///< the run makes no sense; problem() tells why
};

class Chooser {
 public:
  virtual ~Chooser() = default;
  virtual Answer choose(const ChoicePoint& at, Choice& chosen) = 0;
  [[nodiscard]] const std::string& problem() const { return problem_; }

 protected:
  bool refuse(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

 private:
  std::string problem_;
};

/// Follows a printed schedule, then takes the first choice.
class Script final : public Chooser {
 public:
  explicit Script(const std::string& schedule) : schedule_(schedule) {}
  Answer choose(const ChoicePoint& at, Choice& chosen) override;

 private:
  std::string schedule_;
  size_t position_ = 0;
};

}  // namespace dmasim::sim
