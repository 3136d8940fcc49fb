// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the search finds about one design in one completion topology.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/debate/stage.h"

namespace dmasim::debate {

enum class Failure : uint8_t {
  begun_in_freed_runtime,
  freed_runtime,
  freed_buffer,
  dma_in_freed_buffer,
  callback_waits_for_itself,
  client_and_callback_wait,  ///< the client waits for the callback, and the callback for the
                             ///< client's lock
  stranger_lost,
  stranger_waited_for,
};
[[nodiscard]] const char* to_text(Failure failure);

/// The shortest example of a failure.
struct Example {
  Scene scene;
  std::string violation;
  sim::Finding finding;
};

struct Verdict {
  const Design* design = nullptr;
  CompletionTopology topology{};
  std::map<Failure, Example> failures;
  bool plays_on = false;  ///< the DMA continues after stop
  bool complete = true;   ///< every search of this verdict was complete
  uint64_t schedules = 0;
  double seconds = 0;
  std::string problem;  ///< an error of the test itself; empty: none

  /// Whether both give the same row of the table.
  [[nodiscard]] bool same_as(const Verdict& other) const;
};

/// Searches every schedule of every scene for what can fail. Then it searches with a growing
/// preemption bound for the shortest example of each failure.
[[nodiscard]] Verdict judge(const Design& design, CompletionTopology topology);
/// Searches only the schedules with at most `max_preemptions`, and one period. It takes a few
/// seconds for all designs, and finds each failure that has an example within this bound.
[[nodiscard]] Verdict judge_within(int max_preemptions, const Design& design,
                                   CompletionTopology topology);

/// The story of an example, from a replay of its schedule. `problem` is not empty if the replay
/// ends in another way than the search.
struct Replayed {
  std::string story;
  std::string problem;
};
[[nodiscard]] Replayed replay_example(const Example& example);

}  // namespace dmasim::debate
