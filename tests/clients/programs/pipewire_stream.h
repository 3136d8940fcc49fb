// SPDX-License-Identifier: LGPL-2.1-or-later
/// A stream of PipeWire that plays silence into a node, or records from it. It returns what
/// PipeWire reports about the time of the stream.
#pragma once

#include <pipewire/pipewire.h>

#include <string>

namespace dmasim::test {

class PipewireStream {
 public:
  /// Throws std::runtime_error if PipeWire refuses the stream.
  PipewireStream(pw_core* core, pw_direction direction, const std::string& target);
  ~PipewireStream();
  PipewireStream(const PipewireStream&) = delete;
  PipewireStream& operator=(const PipewireStream&) = delete;

  [[nodiscard]] bool streaming() const;
  /// rate.denom is 0 before the first cycle.
  [[nodiscard]] pw_time time() const;

 private:
  void process();

  const pw_direction direction_;
  pw_stream* stream_;
  spa_hook listener_{};
};

}  // namespace dmasim::test
