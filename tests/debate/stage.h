// SPDX-License-Identifier: LGPL-2.1-or-later
/// The programs that the explorer searches: one life of a PCM by some design, alone on its
/// controller or beside a stranger.
#pragma once

#include <string>
#include <vector>

#include "tests/debate/dma_channel.h"
#include "tests/interleaving/explorer.h"

namespace dmasim::debate {

struct Scene {
  const Design* design;
  CompletionTopology topology;
  bool xrun;      ///< the callback stops the PCM, if it comes before the client does
  bool stranger;  ///< another channel plays on, whose callback takes until the PCM is closed
  int periods;    ///< that the hardware goes through at any time
};

[[nodiscard]] std::string to_text(const Scene& scene);
[[nodiscard]] sim::Options options_of(const Scene& scene);
void play(const Scene& scene, sim::Program& program);

}  // namespace dmasim::debate
