// SPDX-License-Identifier: LGPL-2.1-or-later
/// Each allocation that a call makes by operator new fails once. Then the call answers an error,
/// nothing stays behind, and the next try succeeds. The linker finds this program's operator new
/// before the library's.
#include "tests/unit/refused_allocation.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <set>
#include <utility>

#include "tests/alsa/cable_setup.h"
#include "tests/alsa/ctl_fixture.h"
#include "tests/alsa/pcm_fixture.h"
#include "tests/alsa/process_view.h"

namespace dmasim::test {
namespace {

/// The buffer for the output of snd_pcm_dump().
class DumpBuffer {
 public:
  DumpBuffer() { EXPECT_EQ(snd_output_buffer_open(&output_), 0); }
  ~DumpBuffer() { snd_output_close(output_); }
  DumpBuffer(const DumpBuffer&) = delete;
  DumpBuffer& operator=(const DumpBuffer&) = delete;
  [[nodiscard]] snd_output_t* get() const { return output_; }
  [[nodiscard]] std::string text() const {
    char* text = nullptr;
    const size_t size = snd_output_buffer_string(output_, &text);
    return {text, size};
  }

 private:
  snd_output_t* output_ = nullptr;
};

class RefusedMemory : public ::testing::Test {
 protected:
  void SetUp() override {
    // The first use makes objects that stay: alsa-lib's configuration, the module, its tables.
    ASSERT_EQ(try_open(played_, SND_PCM_STREAM_PLAYBACK).error, 0);
    ASSERT_EQ(try_open(captured_, SND_PCM_STREAM_CAPTURE).error, 0);
    before_ = first_footprint();
  }
  void TearDown() override {
    pcm_.reset();
    EXPECT_EQ(settled_footprint(before_), before_);
  }
  void open_and_configure() {
    pcm_ = open_playback(played_);
    ASSERT_TRUE(pcm_);
    ASSERT_NO_FATAL_FAILURE(configure(pcm_.get(), setup_));
  }
  /// After each failed open the next open succeeds. Afterwards the process has as much memory as
  /// before. It is compared after that next open, because only that frees a card's engine.
  void refuse_each_of_an_open(const Arguments& arguments, snd_pcm_stream_t stream) {
    const std::string name = pcm_name(arguments);
    const auto open_and_close = [&] {
      snd_pcm_t* pcm = nullptr;
      const int error = snd_pcm_open(&pcm, name.c_str(), stream, 0);
      if (error == 0) snd_pcm_close(pcm);
      return error;
    };
    ASSERT_EQ(open_and_close(), 0);
    const long blocks = live_blocks();
    const size_t refused = refuse_each_allocation(open_and_close, [&](int error, bool happened) {
      ASSERT_TRUE(error == 0 || (happened && error == -ENOMEM)) << error;
      ASSERT_EQ(open_and_close(), 0);
      ASSERT_EQ(live_blocks(), blocks);
    });
    EXPECT_GE(refused, 10U);
    EXPECT_LT(refused, kMostAllocations);
  }

  const CableRuntime runtime_;
  const PcmSetup setup_ = cable_setup();
  const std::vector<std::byte> data_ = pattern_frames(setup_.layout, 0, 3000);
  const TemporaryDirectory directory_;
  const std::string path_ = directory_.file("played.raw");
  const Arguments played_{
      {"FILE", path_}, {"CABLE", "wire"}, {"REPORT", directory_.file("report")}};
  const Arguments captured_{{"CABLE", "wire"}};
  Pcm pcm_;
  Footprint before_;
};

TEST_F(RefusedMemory, OfAnOpen) {
  refuse_each_of_an_open(played_, SND_PCM_STREAM_PLAYBACK);
  refuse_each_of_an_open({{"SUBDEV", "2"}}, SND_PCM_STREAM_PLAYBACK);
  for (const Arguments& arguments :
       {captured_, Arguments{{"SOURCE", "tone:440"}}, Arguments{{"SOURCE", "counter"}},
        Arguments{{"COMPLETION", "shared"}, {"CARD", "other"}}}) {
    refuse_each_of_an_open(arguments, SND_PCM_STREAM_CAPTURE);
  }
}

/// hw_params first allocates the ring. Then it checks whether a start would succeed.
TEST_F(RefusedMemory, OfHwParams) {
  pcm_ = open_playback(played_);
  ASSERT_TRUE(pcm_);
  std::set<snd_pcm_state_t> states;
  const size_t refused =
      refuse_each_allocation([&] { return set_hw_params(pcm_.get(), setup_); },
                             [&](int error, bool happened) {
                               const snd_pcm_state_t state = snd_pcm_state(pcm_.get());
                               EXPECT_EQ(error, happened ? -ENOMEM : 0);
                               EXPECT_EQ(state == SND_PCM_STATE_PREPARED, !happened);
                               states.insert(state);
                             });
  EXPECT_GE(refused, 2U);
  EXPECT_EQ(states, (std::set{SND_PCM_STATE_OPEN, SND_PCM_STATE_SETUP, SND_PCM_STATE_PREPARED}));
}

/// The stream goes on after the failure. The recording and the cable have all frames.
TEST_F(RefusedMemory, OfAStart) {
  ASSERT_NO_FATAL_FAILURE(open_and_configure());
  ASSERT_EQ(write_frames(pcm_.get(), data_, setup_.layout), 3000);
  const size_t refused = refuse_each_allocation(
      [&] { return snd_pcm_start(pcm_.get()); },
      [&](int error, bool happened) {
        ASSERT_EQ(error, happened ? -ENOMEM : 0);
        ASSERT_TRUE(!happened || snd_pcm_state(pcm_.get()) == SND_PCM_STATE_PREPARED);
      });
  EXPECT_GE(refused, 5U);
  EXPECT_EQ(snd_pcm_drain(pcm_.get()), 0);
  EXPECT_EQ(first_difference(setup_.layout, data_, read_file(path_)), "");
}

TEST_F(RefusedMemory, OfACapturesStart) {
  pcm_ = open_capture(captured_);
  ASSERT_TRUE(pcm_);
  ASSERT_NO_FATAL_FAILURE(configure(pcm_.get(), setup_));
  const size_t refused =
      refuse_each_allocation([&] { return snd_pcm_start(pcm_.get()); },
                             [&](int error, bool happened) {
                               ASSERT_EQ(error, happened ? -ENOMEM : 0);
                               ASSERT_EQ(snd_pcm_state(pcm_.get()),
                                         happened ? SND_PCM_STATE_PREPARED : SND_PCM_STATE_RUNNING);
                             });
  EXPECT_GE(refused, 2U);
}

TEST_F(RefusedMemory, OfADrainThatHasToStart) {
  ASSERT_NO_FATAL_FAILURE(open_and_configure());
  ASSERT_EQ(write_frames(pcm_.get(), data_, setup_.layout), 3000);
  const size_t refused =
      refuse_each_allocation([&] { return snd_pcm_drain(pcm_.get()); },
                             [&](int error, bool happened) {
                               ASSERT_EQ(error, happened ? -ENOMEM : 0);
                               ASSERT_EQ(snd_pcm_state(pcm_.get()),
                                         happened ? SND_PCM_STATE_PREPARED : SND_PCM_STATE_SETUP);
                             });
  EXPECT_GE(refused, 5U);
  EXPECT_EQ(first_difference(setup_.layout, data_, read_file(path_)), "");
}

/// A close never fails. If there is no memory, only the report is lost.
TEST_F(RefusedMemory, OfACloseLosesTheReportAlone) {
  ASSERT_NO_FATAL_FAILURE(open_and_configure());
  pcm_.reset();  // the objects that are made only once exist now
  size_t refused = 0;
  for (bool happened = true; happened; ++refused) {
    ASSERT_LT(refused, kMostAllocations);
    const long blocks = live_blocks();
    ASSERT_NO_FATAL_FAILURE(open_and_configure());
    snd_pcm_t* const pcm = pcm_.release();
    int error = 0;
    {
      const RefusedAllocation nth(refused + 1);
      error = snd_pcm_close(pcm);
      happened = nth.happened();
    }
    ASSERT_EQ(error, 0) << "alsa-lib passes none on";
    ASSERT_EQ(live_blocks(), blocks);
  }
  EXPECT_GE(refused, 10U);
}

TEST_F(RefusedMemory, DisturbsNoStreamThatRuns) {
  ASSERT_NO_FATAL_FAILURE(open_and_configure());
  snd_pcm_t* const pcm = pcm_.get();
  const auto without_memory = [](const std::function<long()>& call) {
    const RefusedAllocation first(1);
    const long answer = call();
    return std::pair(answer, first.happened());
  };
  const auto needs_none = [](long answer) { return std::pair(answer, false); };
  const auto write = [&] { return write_frames(pcm, data_, setup_.layout); };
  snd_pcm_sframes_t delay = 0;
  EXPECT_EQ(without_memory(write), needs_none(3000));
  ASSERT_EQ(snd_pcm_start(pcm), 0);
  EXPECT_EQ(without_memory([&] { return snd_pcm_avail(pcm) >= 9000; }), needs_none(1));
  EXPECT_EQ(without_memory([&] { return snd_pcm_delay(pcm, &delay); }), needs_none(0));
  EXPECT_EQ(without_memory(write), needs_none(3000));
  EXPECT_EQ(without_memory([&] { return snd_pcm_pause(pcm, 1); }), needs_none(0));
  EXPECT_EQ(without_memory([&] { return snd_pcm_pause(pcm, 0); }), needs_none(0));
  EXPECT_EQ(without_memory([&] { return snd_pcm_drop(pcm); }), needs_none(0));
  EXPECT_EQ(without_memory([&] { return snd_pcm_prepare(pcm); }), needs_none(0));
}

TEST_F(RefusedMemory, OfADumpAfterAnXrunLeavesOutThePositions) {
  PcmSetup small = setup_;
  small.period_size = 240;
  small.buffer_size = 480;
  pcm_ = open_playback(captured_);
  ASSERT_TRUE(pcm_);
  ASSERT_NO_FATAL_FAILURE(configure(pcm_.get(), small));
  ASSERT_EQ(snd_pcm_writei(pcm_.get(), data_.data(), 480), 480);
  ASSERT_EQ(snd_pcm_start(pcm_.get()), 0);
  ASSERT_TRUE(reaches_state(pcm_.get(), SND_PCM_STATE_XRUN));
  const auto dump = std::make_unique<DumpBuffer>();
  const size_t refused = refuse_each_allocation(
      [&] { return snd_pcm_dump(pcm_.get(), dump->get()); },
      [&](int error, bool happened) {
        EXPECT_EQ(error, 0);
        EXPECT_EQ(dump->text().find("hw_ptr") != std::string::npos, !happened);
        EXPECT_NE(dump->text().find("dmasim PCM card 'dmasim'"), std::string::npos);
      });
  EXPECT_GE(refused, 1U);
}

class RefusedMemoryOfAMixer : public ::testing::Test {
 protected:
  void SetUp() override {
    Ctl(name_).subscribe();
    before_ = first_footprint();
  }
  void TearDown() override { EXPECT_EQ(settled_footprint(before_), before_); }

  const CableRuntime runtime_;
  const std::string name_ = "dmasim:CARD='a-card-with-a-rather-long-name'";
  Footprint before_;
};

TEST_F(RefusedMemoryOfAMixer, AtOpen) {
  const long blocks = live_blocks();
  const size_t refused = refuse_each_allocation(
      [&] {
        snd_ctl_t* ctl = nullptr;
        const int error = snd_ctl_open(&ctl, name_.c_str(), SND_CTL_NONBLOCK);
        if (error == 0) snd_ctl_close(ctl);
        return error;
      },
      [&](int error, bool happened) {
        EXPECT_EQ(error, happened ? -ENOMEM : 0);
        EXPECT_EQ(live_blocks(), blocks);
      });
  EXPECT_GE(refused, 3U);
}

TEST_F(RefusedMemoryOfAMixer, AtAReadAndAWrite) {
  const Element element = Ctl(name_).find("Master Playback Switch");
  const ElementId id(element);
  snd_ctl_elem_value_t* value = nullptr;
  snd_ctl_elem_value_alloca(&value);
  snd_ctl_elem_value_set_id(value, id.get());
  std::unique_ptr<Ctl> ctl;
  const auto refuse_each = [&](const std::function<int()>& call) {
    ctl = std::make_unique<Ctl>(name_);
    return refuse_each_allocation(call, [&](int answer, bool happened) {
      EXPECT_TRUE(happened ? answer == -ENOMEM : answer >= 0) << answer;
      if (happened) ctl = std::make_unique<Ctl>(name_);  // a new one looks for the file again
    });
  };
  EXPECT_GE(refuse_each([&] { return snd_ctl_elem_write(ctl->get(), value); }), 2U);
  EXPECT_GE(refuse_each([&] { return snd_ctl_elem_read(ctl->get(), value); }), 1U);
  EXPECT_EQ(snd_ctl_elem_value_get_integer(value, 0), 0);
}

/// alsa-lib does not report a failed subscription. The test sees it because no events come. A
/// failed subscription leaves only the mixer's file open.
TEST_F(RefusedMemoryOfAMixer, AtASubscription) {
  const Ctl writer(name_);
  const Element element = writer.find("Master Playback Switch");
  EXPECT_EQ(writer.write(element, {0}), 1);
  const Ctl reader(name_);
  const size_t before = footprint().descriptors;
  long next = 1;
  size_t failed = 0;
  refuse_each_allocation([&] { return snd_ctl_subscribe_events(reader.get(), 1); },
                         [&](int, bool happened) {
                           EXPECT_EQ(writer.write(element, {next}), 1);
                           next = 1 - next;
                           const bool subscribed = reader.event() == element.numid;
                           EXPECT_TRUE(subscribed || happened);
                           EXPECT_LE(footprint().descriptors, before + (subscribed ? 3 : 1));
                           if (!subscribed) ++failed;
                           if (happened) reader.subscribe(false);
                         });
  EXPECT_GE(failed, 3U);
}

TEST_F(RefusedMemoryOfAMixer, AtAnEventLosesNone) {
  const Ctl writer(name_);
  const Element element = writer.find("Master Playback Switch");
  const Ctl reader(name_);
  reader.subscribe();
  snd_ctl_event_t* event = nullptr;
  snd_ctl_event_alloca(&event);
  long next = 0;
  EXPECT_EQ(writer.write(element, {next}), 1);
  const size_t refused = refuse_each_allocation([&] { return snd_ctl_read(reader.get(), event); },
                                                [&](int answer, bool happened) {
                                                  EXPECT_EQ(answer, happened ? -ENOMEM : 1);
                                                  if (!happened) return;
                                                  EXPECT_EQ(reader.event(), element.numid);
                                                  EXPECT_FALSE(reader.readable());
                                                  next = 1 - next;
                                                  EXPECT_EQ(writer.write(element, {next}), 1);
                                                });
  EXPECT_GE(refused, 1U);
}

}  // namespace
}  // namespace dmasim::test
