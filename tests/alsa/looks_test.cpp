// SPDX-License-Identifier: LGPL-2.1-or-later
/// How often alsa-lib asks the card for its position within one call of a program.
/// snd_pcm_htimestamp asks until it has got the same position twice. This must be quick at any
/// rate.
///
/// The linker finds this program's snd_pcm_ioplug_create before alsa-lib's. It counts the calls of
/// the hook.
#include <alsa/asoundlib.h>
// These need the header above.
#include <alsa/pcm_external.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/alsa/cable_setup.h"

namespace {

/// After so many looks the position does not move any more, so that a call that would never end
/// fails instead.
constexpr unsigned kMostLooks = 30;

/// The counts of the PCM that was opened last. Only one thread calls it.
struct Counted {
  const snd_pcm_ioplug_t* io = nullptr;
  snd_pcm_sframes_t answer = 0;
  unsigned looks = 0;
};
Counted counted;
snd_pcm_sframes_t (*look)(snd_pcm_ioplug_t*) = nullptr;

snd_pcm_sframes_t counted_look(snd_pcm_ioplug_t* io) {
  if (io != counted.io) return look(io);
  if (counted.looks++ < kMostLooks) counted.answer = look(io);
  return counted.answer;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" int snd_pcm_ioplug_create(snd_pcm_ioplug_t* io, const char* name,
                                     snd_pcm_stream_t stream, int mode) {
  static snd_pcm_ioplug_callback_t table;
  table = *io->callback;
  if (table.pointer != counted_look) look = table.pointer;
  table.pointer = counted_look;
  io->callback = &table;
  counted = {.io = io};
  const auto next =
      reinterpret_cast<decltype(snd_pcm_ioplug_create)*>(dlsym(RTLD_NEXT, "snd_pcm_ioplug_create"));
  return next(io, name, stream, mode);
}
#pragma GCC visibility pop

namespace dmasim::test {
namespace {

constexpr int kCalls = 30;

PcmSetup setup_at(unsigned rate_hz) {
  PcmSetup setup = cable_setup();
  setup.rate_hz = rate_hz;
  setup.stop_threshold =
      kBoundary;  // it runs for ever, so that no call is ended by the stream's end
  return setup;
}

/// A running PCM of alsa-lib. If it cannot be made, the test ends.
Pcm running(Arguments arguments, snd_pcm_stream_t stream, const PcmSetup& setup) {
  for (const auto& limit : limits_for(setup)) arguments.push_back(limit);
  Opened opened = try_open(arguments, stream);
  EXPECT_EQ(opened.error, 0);
  if (!opened.pcm) return {};
  configure(opened.pcm.get(), setup);
  EXPECT_EQ(snd_pcm_start(opened.pcm.get()), 0);
  return std::move(opened.pcm);
}

/// Makes the call again and again, and counts the looks of each.
template <typename Call>
void expect_few_looks(const char* name, Call call) {
  for (int i = 0; i < kCalls; ++i) {
    counted.looks = 0;
    ASSERT_GE(call(), 0) << name;
    ASSERT_GT(counted.looks, 0U) << name << " has not been counted";
    ASSERT_LE(counted.looks, kMostLooks) << name;
  }
}

void expect_few_looks(snd_pcm_t* pcm) {
  expect_few_looks("htimestamp", [pcm] {
    snd_pcm_uframes_t avail = 0;
    snd_htimestamp_t time{};
    return snd_pcm_htimestamp(pcm, &avail, &time);
  });
  expect_few_looks("status", [pcm] {
    snd_pcm_status_t* status = nullptr;
    snd_pcm_status_alloca(&status);
    return snd_pcm_status(pcm, status);
  });
  expect_few_looks("avail", [pcm] { return snd_pcm_avail(pcm) < 0 ? -1 : 0; });
}

class Looks : public ::testing::TestWithParam<unsigned> {
 protected:
  const CableRuntime runtime_;
  const PcmSetup setup_ = setup_at(GetParam());
};

TEST_P(Looks, AtAPlayback) {
  const Pcm pcm = running({}, SND_PCM_STREAM_PLAYBACK, setup_);
  expect_few_looks(pcm.get());
}

TEST_P(Looks, AtACapture) {
  const Pcm pcm = running({{"SOURCE", "counter"}}, SND_PCM_STREAM_CAPTURE, setup_);
  expect_few_looks(pcm.get());
}

TEST_P(Looks, AtACableThatNobodyPlaysInto) {
  const Pcm pcm = running({{"CABLE", "wire"}}, SND_PCM_STREAM_CAPTURE, setup_);
  expect_few_looks(pcm.get());
}

TEST_P(Looks, AtACableThatPlays) {
  const Pcm player = running({{"CABLE", "wire"}}, SND_PCM_STREAM_PLAYBACK, setup_);
  const Pcm pcm = running({{"CABLE", "wire"}}, SND_PCM_STREAM_CAPTURE, setup_);
  expect_few_looks(pcm.get());
}

INSTANTIATE_TEST_SUITE_P(Alsa, Looks,
                         ::testing::Values(8000, 44100, 48000, 96000, 176400, 192000, 384000,
                                           768000));

}  // namespace
}  // namespace dmasim::test
