// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/debate/designs.h"

#include <algorithm>

namespace dmasim::debate {
namespace {

using enum Operation;
using enum Maker;

std::vector<Design> make_designs() {
  return {
      {.name = "a", .idea = "terminate_all at stop, nothing else", .at_stop = {terminate_all}},
      {.name = "a2-hw_free",
       .idea = "a, with the call moved to hw_free",
       .at_hw_free = {terminate_all}},
      {.name = "a2-close", .idea = "a, with the call moved to close", .at_close = {terminate_all}},
      {.name = "b",
       .idea = "one terminate, which always waits",
       .maker = tasklet_per_channel,
       .at_stop = {terminate_and_wait}},
      {.name = "b2",
       .idea = "b as the default, an async variant at stop",
       .maker = tasklet_per_channel,
       .at_stop = {terminate_async},
       .at_hw_free = {terminate_and_wait},
       .at_close = {terminate_and_wait}},
      {.name = "c",
       .idea = "mask at stop, terminate without waiting when freeing",
       .maker = tasklet_per_channel,
       .at_stop = {disable_callbacks},
       .at_hw_free = {terminate_all}},
      {.name = "c2",
       .idea = "c, but the terminate when freeing waits",
       .maker = tasklet_per_channel,
       .at_stop = {disable_callbacks},
       .at_hw_free = {terminate_and_wait}},
      {.name = "d1",
       .idea = "kill the channel's tasklet at close",
       .maker = tasklet_per_channel,
       .at_stop = {terminate_all},
       .at_close = {kill_tasklet}},
      {.name = "d2",
       .idea = "kill the controller's one tasklet at close",
       .maker = tasklet_per_controller,
       .at_stop = {terminate_all},
       .at_close = {kill_tasklet}},
      {.name = "d3",
       .idea = "kill the channel's tasklet at stop",
       .maker = tasklet_per_channel,
       .at_stop = {terminate_all, kill_tasklet}},
      {.name = "e",
       .idea = "async at stop, synchronize at close",
       .at_stop = {terminate_async},
       .at_close = {synchronize}},
      {.name = "e2",
       .idea = "e, and synchronize before the buffer is freed",
       .at_stop = {terminate_async},
       .at_hw_free = {synchronize},
       .at_close = {terminate_sync}},
      {.name = "f",
       .idea = "e2 under a lock that the callback takes",
       .at_stop = {terminate_async},
       .at_hw_free = {synchronize},
       .at_close = {terminate_sync},
       .lock_while_freeing = true},
  };
}

}  // namespace

const char* to_text(Operation operation) {
  switch (operation) {
    case terminate_all:
      return "terminate_all";
    case terminate_async:
      return "terminate_async";
    case synchronize:
      return "synchronize";
    case terminate_sync:
      return "terminate_sync";
    case terminate_and_wait:
      return "terminate_and_wait";
    case disable_callbacks:
      return "disable_callbacks";
    case kill_tasklet:
      return "kill_tasklet";
  }
  return "?";
}

std::span<const Design> all_designs() {
  static const std::vector<Design> designs = make_designs();
  return designs;
}

const Design* find_design(const std::string& name) {
  const auto designs = all_designs();
  const auto it = std::find_if(designs.begin(), designs.end(),
                               [&](const Design& design) { return design.name == name; });
  return it == designs.end() ? nullptr : &*it;
}

}  // namespace dmasim::debate
