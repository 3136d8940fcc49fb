// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/debate/designs.h"

#include <algorithm>

namespace dmasim::debate {
namespace {

using enum Operation;
using enum Maker;

std::vector<Design> make_designs() {
  return {
      {.name = "a", .idea = "terminates at stop, and never waits", .at_stop = {terminate_all}},
      {.name = "a2-hw_free", .idea = "the same in `hw_free`", .at_hw_free = {terminate_all}},
      {.name = "a2-close", .idea = "the same in `close`", .at_close = {terminate_all}},
      {.name = "b",
       .idea = "terminates at stop, and waits for the callback",
       .maker = tasklet_per_channel,
       .at_stop = {terminate_and_wait}},
      {.name = "b2",
       .idea = "`terminate_async` at stop; terminates and waits in `hw_free` and `close`",
       .maker = tasklet_per_channel,
       .at_stop = {terminate_async},
       .at_hw_free = {terminate_and_wait},
       .at_close = {terminate_and_wait}},
      {.name = "c",
       .idea = "masks the interrupt at stop; terminates in `hw_free` without waiting",
       .maker = tasklet_per_channel,
       .at_stop = {disable_callbacks},
       .at_hw_free = {terminate_all}},
      {.name = "c2",
       .idea = "masks the interrupt at stop; terminates in `hw_free` and waits",
       .maker = tasklet_per_channel,
       .at_stop = {disable_callbacks},
       .at_hw_free = {terminate_and_wait}},
      {.name = "d1",
       .idea = "terminates at stop; kills the channel's tasklet in `close`",
       .maker = tasklet_per_channel,
       .at_stop = {terminate_all},
       .at_close = {kill_tasklet}},
      {.name = "d2",
       .idea = "terminates at stop; kills in `close` the one tasklet of all channels",
       .maker = tasklet_per_controller,
       .at_stop = {terminate_all},
       .at_close = {kill_tasklet}},
      {.name = "d3",
       .idea = "terminates and kills the channel's tasklet at stop",
       .maker = tasklet_per_channel,
       .at_stop = {terminate_all, kill_tasklet}},
      {.name = "e",
       .idea = "`terminate_async` at stop; `synchronize` in `close`",
       .at_stop = {terminate_async},
       .at_close = {synchronize}},
      {.name = "e2",
       .idea = "`terminate_async` at stop; `synchronize` in `hw_free`, `terminate_sync` in `close`",
       .at_stop = {terminate_async},
       .at_hw_free = {synchronize},
       .at_close = {terminate_sync}},
      {.name = "f",
       .idea = "as e2, but holds over `synchronize` a lock that the callback takes",
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
