// SPDX-License-Identifier: LGPL-2.1-or-later
/// A PCM that records into a file and plays into a cable: both sinks get all calls.
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "engine/cable/cable.h"
#include "engine/device/tee_sink.h"

namespace dmasim {
namespace {

constexpr PcmFormat kFormat{.sample = SampleFormat::s16_le, .channels = 2, .rate_hz = 48000};

/// The log of a sink's calls, and its answers. It must outlive the sink.
struct Note {
  std::string log;
  int look_error = 0;
  int configure_error = 0;
  int flush_error = 0;
  bool in_time = true;
  std::string error_text;
  std::string name;
  SinkStats stats;
};

class NotedSink final : public Sink, public TimedSink {
 public:
  NotedSink(std::string name, std::string& all, Note& note)
      : name_(std::move(name)), all_(all), note_(note) {}

  Result<void> look(const PcmFormat&) override { return outcome("look", note_.look_error); }
  Result<void> configure(const PcmFormat&, uint64_t burst) override {
    return outcome("configure " + std::to_string(burst), note_.configure_error);
  }
  void write(std::span<const std::byte> bytes, bool committed) noexcept override {
    note("write " + std::to_string(bytes.size()) + (committed ? " committed" : ""));
  }
  [[nodiscard]] TimedSink* timed() noexcept override { return this; }
  void commit(std::span<const std::byte> ring, uint64_t end) noexcept override {
    note("commit " + std::to_string(ring.size()) + " " + std::to_string(end));
  }
  void free_run(std::span<const std::byte>, uint64_t from, uint64_t to) noexcept override {
    note("free run " + std::to_string(from) + " " + std::to_string(to));
  }
  bool run(const FrameTime&, uint64_t depth, uint64_t frame) noexcept override {
    note("run " + std::to_string(depth) + " " + std::to_string(frame));
    return note_.in_time;
  }
  void pause(uint64_t frame) noexcept override { note("pause " + std::to_string(frame)); }
  void stop(uint64_t frame) noexcept override { note("stop " + std::to_string(frame)); }
  void release() noexcept override { note("release"); }
  void flush_async() noexcept override { note("flush async"); }
  Result<void> flush() override { return outcome("flush", note_.flush_error); }
  [[nodiscard]] SinkStats stats() const noexcept override { return note_.stats; }
  [[nodiscard]] std::string explain() const override { return note_.error_text; }
  [[nodiscard]] std::string recorded_into() const override { return note_.name; }

 private:
  void note(const std::string& what) { all_ += name_ + " " + what + "\n"; }
  Result<void> outcome(const std::string& what, int error) {
    note(what);
    return error == 0 ? Result<void>{} : Result<void>(Errno{error});
  }

  const std::string name_;
  std::string& all_;
  Note& note_;
};

class Tee : public ::testing::Test {
 protected:
  /// The calls that both sinks got since the last call of this function.
  std::string calls() { return std::exchange(log_, {}); }

  std::string log_;
  Note file_;
  Note cable_;
  const std::unique_ptr<Sink> tee_ =
      make_tee_sink(std::make_unique<NotedSink>("file", log_, file_),
                    std::make_unique<NotedSink>("cable", log_, cable_));
  const std::vector<std::byte> ring_ = std::vector<std::byte>(64);
};

TEST_F(Tee, LeavesTheFileAloneWhereTheCableIsRefused) {
  cable_.configure_error = EBUSY;
  EXPECT_EQ(tee_->configure(kFormat, 16).error(), EBUSY);
  EXPECT_EQ(calls(), "cable configure 16\n");
}

TEST_F(Tee, LooksAtBoth) {
  EXPECT_TRUE(tee_->look(kFormat));
  EXPECT_EQ(calls(), "cable look\nfile look\n");
  file_.look_error = EBUSY;
  EXPECT_EQ(tee_->look(kFormat).error(), EBUSY);
  cable_.look_error = EACCES;
  EXPECT_EQ(tee_->look(kFormat).error(), EACCES) << "the one that a start would blame";
}

TEST_F(Tee, ReleasesTheCableWhereTheFileIsRefused) {
  file_.configure_error = ENOSPC;
  EXPECT_EQ(tee_->configure(kFormat, 16).error(), ENOSPC);
  EXPECT_EQ(calls(), "cable configure 16\nfile configure 16\ncable release\n");
}

TEST_F(Tee, HasTheNameOfTheOneThatRecords) {
  EXPECT_EQ(tee_->recorded_into(), "");
  cable_.name = "second";
  EXPECT_EQ(tee_->recorded_into(), "second");
  file_.name = "first";
  EXPECT_EQ(tee_->recorded_into(), "first");
}

/// The null sink has no lock to release, and no reason to give.
TEST(NullSink, HasNothingToRelease) {
  const auto sink = make_null_sink();
  ASSERT_TRUE(sink->configure(kFormat, 16));
  sink->write(std::vector<std::byte>(8), true);
  sink->release();
  EXPECT_EQ(sink->explain(), "");
  EXPECT_EQ(sink->recorded_into(), "");
  EXPECT_EQ(sink->stats().written_frames, 2U);
}

}  // namespace
}  // namespace dmasim
