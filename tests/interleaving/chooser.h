// SPDX-License-Identifier: LGPL-2.1-or-later
/// The interface of the object that decides what happens next in a run.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "tests/interleaving/footprint.h"

namespace dmasim::sim {

enum class Move : uint8_t {
  run,       ///< the fiber does the operation before which it stopped
  time_out,  ///< the fiber's wait ends because of its deadline
  spurious,  ///< the fiber's wait ends without a notification
};

struct Choice {
  uint8_t fiber;
  Move move;
  bool operator==(const Choice&) const = default;
};

inline constexpr size_t kMaxFibers = 52;  // a schedule has one letter for each

/// As in a printed schedule: a letter for the fiber, then '!' for a time-out or '~' for a spurious
/// wake-up.
std::string to_text(std::span<const Choice> schedule);
std::string to_text(Choice choice);

/// A state of a run in which the chooser has to choose the next step.
struct ChoicePoint {
  std::span<const Choice> enabled;  ///< never empty; begins with `last` if that fiber can continue
  uint8_t last;                     ///< the fiber that ran last
  const Footprint& step;            ///< what `last` did since the previous choice point
};

/// How a run continues after a choice point.
enum class Answer : uint8_t {
  go_on,
  keep_and_go_on,  ///< the world keeps an image, because the search returns to this choice point
  abandon,         ///< the run ends here, because it would show nothing new
  broken,          ///< the run is not valid; problem() says why
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

/// Follows a printed schedule. After its end, it always chooses the first enabled choice.
class Script final : public Chooser {
 public:
  explicit Script(const std::string& schedule) : schedule_(schedule) {}
  Answer choose(const ChoicePoint& at, Choice& chosen) override;

 private:
  std::string schedule_;
  size_t position_ = 0;
};

}  // namespace dmasim::sim
