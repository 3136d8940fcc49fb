// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/debate/dma_channel.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace dmasim::debate {

std::unique_ptr<Controller> make_controller(const Design& design, CompletionTopology topology,
                                            std::shared_ptr<const Clock> clock) {
  if (design.maker == Maker::production) {
    return make_production_controller(topology, std::move(clock));
  }
  return make_losing_controller(design.maker, topology, std::move(clock));
}

bool exists(const Design& design, CompletionTopology topology) {
  return design.maker != Maker::tasklet_per_controller || topology == CompletionTopology::shared;
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "debate: %s\n", what);
  std::abort();
}

}  // namespace dmasim::debate
