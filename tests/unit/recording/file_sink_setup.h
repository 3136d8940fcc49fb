// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the tests of the file sink share.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>

#include "engine/device/sink.h"
#include "engine/recording/file_sink.h"

namespace dmasim {

inline constexpr PcmFormat kStereo{SampleFormat::s16_le, 2, 48000};
inline constexpr uint64_t kBurst = 4096;

inline std::unique_ptr<Sink> make_sink(const std::string& path) {
  auto sink = make_file_sink(path.c_str(), {});
  EXPECT_TRUE(sink) << path << ": " << std::strerror(sink.error());
  return sink ? *std::move(sink) : nullptr;
}

}  // namespace dmasim
