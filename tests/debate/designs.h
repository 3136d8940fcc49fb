// SPDX-License-Identifier: LGPL-2.1-or-later
/// The termination designs of the debate, as data: what a client's driver asks of its DMA channel
/// at each of the three moments at which a PCM ends.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace dmasim::debate {

/// What can be asked of a channel to end a transfer.
enum class Operation : uint8_t {
  // The production channel:
  terminate_all,
  terminate_async,
  synchronize,
  terminate_sync,
  // The losing channel, which has terminate_all and terminate_async too:
  terminate_and_wait,  ///< waits for the callback, whoever calls
  disable_callbacks,   ///< masks the interrupt; the transfer itself goes on
  kill_tasklet,
};
[[nodiscard]] const char* to_text(Operation operation);

/// Which channel a design needs.
enum class Maker : uint8_t {
  production,
  tasklet_per_channel,
  tasklet_per_controller,
};

struct Design {
  std::string name;
  std::string idea;  ///< how it ends a transfer, as Markdown for the document's summary
  Maker maker = Maker::production;
  std::vector<Operation> at_stop{};     ///< trigger STOP: drop, or in the callback on an xrun
  std::vector<Operation> at_hw_free{};  ///< then the DMA buffer is freed
  std::vector<Operation> at_close{};    ///< then the callback's context is freed
  /// hw_free and close hold the lock that the callback takes.
  bool lock_while_freeing = false;
};

[[nodiscard]] std::span<const Design> all_designs();
/// Null when there is none of that name.
[[nodiscard]] const Design* find_design(const std::string& name);

}  // namespace dmasim::debate
