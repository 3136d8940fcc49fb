// SPDX-License-Identifier: LGPL-2.1-or-later
/// The programs that the explorer searches. In each, a PCM of one design is started, stopped and
/// closed. It is alone on its controller, or another client (the stranger) uses a second channel.
#pragma once

#include <string>
#include <vector>

#include "tests/debate/dma_channel.h"
#include "tests/interleaving/explorer.h"

namespace dmasim::debate {

struct Scene {
  const Design* design;
  CompletionTopology topology;
  bool xrun;      ///< the callback stops the PCM, unless the client has stopped it before
  bool stranger;  ///< there is a stranger, whose callback lasts until the PCM is closed
  int periods;    ///< how many periods the hardware plays
};

[[nodiscard]] std::string to_text(const Scene& scene);
[[nodiscard]] sim::Options options_of(const Scene& scene);
void play(const Scene& scene, sim::Program& program);

}  // namespace dmasim::debate
