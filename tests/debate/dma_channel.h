// SPDX-License-Identifier: LGPL-2.1-or-later
/// A channel and its controller as the debate's clients see them: the production ones, or the
/// losing ones. Nothing here knows whether threads are real or explored.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/dma/engine.h"
#include "engine/dma/port.h"
#include "tests/debate/designs.h"

namespace dmasim::debate {

inline constexpr int64_t kPeriodNs = 8'000'000;
inline constexpr size_t kPeriodBytes = 8;  // a byte is a frame is a millisecond
inline constexpr size_t kBufferBytes = 2 * kPeriodBytes;
inline constexpr uint32_t kFramesPerS = 1000;

/// Belongs to the driver: lives longer than any PCM on it.
class DmaChannel {
 public:
  using Callback = std::function<void()>;
  /// What stories should call the things in some memory.
  struct Part {
    const void* at;
    size_t bytes;
    std::string name;
  };

  virtual ~DmaChannel() = default;
  /// [any] A cyclic playback transfer; `callback` after its periods.
  virtual void start(std::span<std::byte> buffer, Callback callback) = 0;
  /// Aborts on an operation that this kind of channel has not.
  virtual void perform(Operation operation) = 0;
  /// [any] The hardware goes on to the present time.
  virtual void advance() = 0;
  /// The driver goes: ends everything, waits for everything.
  virtual void release() = 0;
  [[nodiscard]] virtual std::vector<Part> parts() const = 0;
};

/// LIFETIME  goes after its channels are released and before they are destroyed.
class Controller {
 public:
  virtual ~Controller() = default;
  /// `port` outlives the channel's release.
  virtual std::unique_ptr<DmaChannel> request_chan(Port& port) = 0;
};

[[nodiscard]] std::unique_ptr<Controller> make_production_controller(
    CompletionTopology topology, std::shared_ptr<const Clock> clock);
[[nodiscard]] std::unique_ptr<Controller> make_losing_controller(
    Maker maker, CompletionTopology topology, std::shared_ptr<const Clock> clock);
/// The one that `design` needs.
[[nodiscard]] std::unique_ptr<Controller> make_controller(const Design& design,
                                                          CompletionTopology topology,
                                                          std::shared_ptr<const Clock> clock);
/// One tasklet for all channels cannot be on several threads.
[[nodiscard]] bool exists(const Design& design, CompletionTopology topology);

/// Ends the process: the debate itself is broken.
void require(bool holds, const char* what);

}  // namespace dmasim::debate
