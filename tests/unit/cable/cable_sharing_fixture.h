// SPDX-License-Identifier: LGPL-2.1-or-later
/// A runtime directory with one cable file, `test`, on a clock that the test moves.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include "tests/unit/cable/cable_fixture.h"

namespace dmasim {

inline constexpr int64_t kStart = 10 * kSecondNs;

class CableSharing : public ::testing::Test {
 protected:
  static int64_t after(int64_t frames) { return kStart + frames * kFrameNs; }
  [[nodiscard]] std::string path() const { return directory_.file("test"); }
  void overwrite(uint64_t offset, std::span<const std::byte> bytes) const {
    const UniqueFd fd(open(path().c_str(), O_WRONLY | O_CLOEXEC));
    ASSERT_EQ(pwrite(fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)),
              static_cast<ssize_t>(bytes.size()));
  }

  RuntimeDirectory directory_;
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>(kStart);
};

}  // namespace dmasim
