// SPDX-License-Identifier: LGPL-2.1-or-later
/// dmatest has to fail if the engine or the device has a fault. Each test makes one fault.
#include "tools/dmatest/dmatest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

namespace dmasim::dmatest {
namespace {

using testing::Contains;
using testing::HasSubstr;

std::shared_ptr<DmaDevice> engine_on(std::shared_ptr<const Clock> clock) {
  return std::make_shared<DmaDevice>(
      std::move(clock),
      DmaDevice::Options{.channel = {.caps = {}, .memcpy_bytes_per_s = 100'000'000}});
}

std::shared_ptr<DmaDevice> good_engine() { return engine_on(std::make_shared<RealtimeClock>()); }

Options of(TransferChoice transfer) {
  return {.channels = 2, .threads_per_chan = 2, .iterations = 40, .transfer = transfer};
}

void expect_sums(const Totals& totals) {
  EXPECT_EQ(totals.tests, totals.completed + totals.terminated + totals.failed);
  EXPECT_EQ(totals.tests, totals.by_transfer[0] + totals.by_transfer[1] + totals.by_transfer[2]);
}

/// Passes every call on to a device. A test overrides some of the calls.
class FrontPort : public Port {
 public:
  explicit FrontPort(Port& port) : port_(port) {}
  void write(std::span<const std::byte> frames, bool committed) noexcept override {
    port_.write(frames, committed);
  }
  void read(std::span<std::byte> frames) noexcept override { port_.read(frames); }
  void skip(uint64_t bytes) noexcept override { port_.skip(bytes); }
  void stop(bool keep_fifo) noexcept override { port_.stop(keep_fifo); }
  [[nodiscard]] size_t in_flight_bytes() const noexcept override { return port_.in_flight_bytes(); }

 protected:
  Port& port_;
};

/// Inverts one bit in the first byte of each piece.
class FlippingPort final : public FrontPort {
 public:
  using FrontPort::FrontPort;
  void write(std::span<const std::byte> frames, bool committed) noexcept override {
    std::vector<std::byte> wrong(frames.begin(), frames.end());
    wrong.front() ^= std::byte{1};
    port_.write(wrong, committed);
  }
  void read(std::span<std::byte> frames) noexcept override {
    port_.read(frames);
    frames.front() ^= std::byte{1};
  }
};

/// Gives each piece to the device twice, and reads as if the piece before had been lost.
class RepeatingPort final : public FrontPort {
 public:
  using FrontPort::FrontPort;
  void write(std::span<const std::byte> frames, bool committed) noexcept override {
    port_.write(frames, committed);
    port_.write(frames, committed);
  }
  void read(std::span<std::byte> frames) noexcept override {
    port_.read(frames);
    port_.read(frames);
  }
};

class Dmatest : public testing::TestWithParam<TransferChoice> {};
class DmatestOfDevices : public Dmatest {};

TEST_P(Dmatest, FindsNothingWrongWithTheEngine) {
  Options options = of(GetParam());
  options.iterations = 200;
  const Summary summary = run(options, {.engine = good_engine()});
  EXPECT_EQ(summary.totals.failures, 0U) << summary.failures.front();
  EXPECT_EQ(summary.totals.tests, 800U);
  EXPECT_GT(summary.totals.terminated, 0U);
  EXPECT_GT(summary.totals.terminations_in_callback, 0U);
  EXPECT_GT(summary.totals.bytes, 0U);
  expect_sums(summary.totals);
}

TEST_P(Dmatest, FailsWhenOneByteIsWritten) {
  std::atomic<unsigned> transfers{0};
  const Summary summary =
      run(of(GetParam()), {.engine = good_engine(), .disturb = [&](auto source, auto destination) {
                             const auto memory = destination.empty() ? source : destination;
                             if (transfers++ == 100) memory[memory.size() / 2] ^= std::byte{4};
                           }});
  EXPECT_EQ(summary.totals.failures, 1U);
  EXPECT_EQ(summary.totals.failed, 1U);
  EXPECT_THAT(summary.failures, Contains(HasSubstr(" byte ")));
  expect_sums(summary.totals);
}

TEST_P(Dmatest, FailsWhenNothingIsEverOver) {
  Options options = of(GetParam());
  options.iterations = 1;
  options.terminate_percent = 0;
  options.timeout_ms = 20;
  const Summary summary = run(options, {.engine = engine_on(std::make_shared<ManualClock>())});
  EXPECT_GT(summary.totals.failed, 0U);
  EXPECT_THAT(summary.failures, Contains(HasSubstr("timed out")));
  expect_sums(summary.totals);
}

TEST_P(DmatestOfDevices, FailsWhenTheDeviceFlipsABit) {
  const Summary summary =
      run(of(GetParam()), {.engine = good_engine(), .wrap_port = [](Port& port) {
                             return std::make_unique<FlippingPort>(port);
                           }});
  EXPECT_GT(summary.totals.failures, 0U);
  EXPECT_THAT(summary.failures, Contains(HasSubstr("device byte ")));
  EXPECT_THAT(summary.failures, Contains(HasSubstr("destination byte ")));
}

TEST_P(DmatestOfDevices, FailsWhenTheDeviceIsServedTwice) {
  const Summary summary =
      run(of(GetParam()), {.engine = good_engine(), .wrap_port = [](Port& port) {
                             return std::make_unique<RepeatingPort>(port);
                           }});
  EXPECT_GT(summary.totals.failures, 0U);
}

TEST(DmatestOfMemory, FailsWhenTheSourceIsWrittenTo) {
  const Summary summary =
      run(of(TransferChoice::memcpy), {.engine = good_engine(), .disturb = [](auto source, auto) {
                                         source.front() ^= std::byte{1};
                                       }});
  EXPECT_EQ(summary.totals.failed, summary.totals.tests);
  EXPECT_THAT(summary.failures, Contains(HasSubstr("source byte 0 ")));
}

/// A terminated copy must have copied a prefix of the source. A copy with a hole is not a prefix.
TEST(DmatestOfMemory, FailsWhenACopyHasAHole) {
  Options options = of(TransferChoice::memcpy);
  options.random_layout = false;
  options.terminate_percent = 100;
  const Summary summary = run(
      options, {.engine = good_engine(),
                .disturb = [](auto, auto destination) { destination.front() ^= std::byte{0xE0}; }});
  EXPECT_GT(summary.totals.failures, 0U);
}

TEST(DmatestOfMemory, ReportsWhoseTransferAnotherThreadTerminated) {
  Options options = of(TransferChoice::memcpy);
  options.channels = 1;
  options.threads_per_chan = 4;
  options.iterations = 500;
  options.terminate_percent = 50;
  const Summary summary = run(options, {.engine = good_engine()});
  EXPECT_EQ(summary.totals.failures, 0U);
  EXPECT_GT(summary.totals.terminated_by_others, 0U);
  EXPECT_GT(summary.totals.terminated, summary.totals.terminated_by_others);
  EXPECT_GT(summary.totals.cut_short, 0U);
}

TEST(DmatestOptions, EndsWhenItsTimeIsOver) {
  Options options = of(TransferChoice::mixed);
  options.iterations = 0;
  options.seconds = 1;
  const Summary summary = run(options, {.engine = good_engine()});
  EXPECT_EQ(summary.totals.failures, 0U);
  EXPECT_GE(summary.seconds, 1.0);
}

std::string name_of_choice(const testing::TestParamInfo<TransferChoice>& each) {
  return name_of(static_cast<Transfer>(each.param));
}

INSTANTIATE_TEST_SUITE_P(Memory, Dmatest, testing::Values(TransferChoice::memcpy), name_of_choice);
INSTANTIATE_TEST_SUITE_P(Device, Dmatest,
                         testing::Values(TransferChoice::sg, TransferChoice::cyclic),
                         name_of_choice);
INSTANTIATE_TEST_SUITE_P(Device, DmatestOfDevices,
                         testing::Values(TransferChoice::sg, TransferChoice::cyclic),
                         name_of_choice);

}  // namespace
}  // namespace dmasim::dmatest
