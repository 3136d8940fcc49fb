// SPDX-License-Identifier: LGPL-2.1-or-later
/// Programs that set only some parameters, or ignore that some were refused. alsa-lib then chooses
/// the others, and ignores it if it cannot choose. The card refuses parameters that are not chosen,
/// and never ends the program.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <random>

#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {
namespace {

class HwParams {
 public:
  explicit HwParams(snd_pcm_t* pcm) : pcm_(pcm) {
    snd_pcm_hw_params_malloc(&params_);
    snd_pcm_hw_params_any(pcm, params_);
  }
  ~HwParams() { snd_pcm_hw_params_free(params_); }
  HwParams(const HwParams&) = delete;
  HwParams& operator=(const HwParams&) = delete;

  // These ignore the answers, as such programs do.
  void access(snd_pcm_access_t access) { snd_pcm_hw_params_set_access(pcm_, params_, access); }
  void format(snd_pcm_format_t format) { snd_pcm_hw_params_set_format(pcm_, params_, format); }
  void channels(unsigned channels) { snd_pcm_hw_params_set_channels(pcm_, params_, channels); }
  void rate(unsigned rate) { snd_pcm_hw_params_set_rate(pcm_, params_, rate, 0); }
  void period_near(snd_pcm_uframes_t frames) {
    snd_pcm_hw_params_set_period_size_near(pcm_, params_, &frames, nullptr);
  }
  void buffer_near(snd_pcm_uframes_t frames) {
    snd_pcm_hw_params_set_buffer_size_near(pcm_, params_, &frames);
  }
  void period_time_near(unsigned us) {
    snd_pcm_hw_params_set_period_time_near(pcm_, params_, &us, nullptr);
  }
  void buffer_time_near(unsigned us) {
    snd_pcm_hw_params_set_buffer_time_near(pcm_, params_, &us, nullptr);
  }
  void periods_near(unsigned periods) {
    snd_pcm_hw_params_set_periods_near(pcm_, params_, &periods, nullptr);
  }
  int use() { return snd_pcm_hw_params(pcm_, params_); }

 private:
  snd_pcm_t* pcm_;
  snd_pcm_hw_params_t* params_ = nullptr;
};

const std::vector<Arguments> kCards{{},
                                    {{"PROFILE", "aloop"}},
                                    {{"PROFILE", "dummy"}},
                                    {{"CHANNELS", "1-32"}, {"RATE", "4000-768000"}},
                                    {{"CHANNELS", "1+3"}, {"RATE", "8000+48000"}}};

void for_each_card(void (*body)(snd_pcm_t* pcm)) {
  for (const Arguments& arguments : kCards) {
    for (const auto stream : {SND_PCM_STREAM_PLAYBACK, SND_PCM_STREAM_CAPTURE}) {
      const Opened opened = try_open(arguments, stream);
      ASSERT_EQ(opened.error, 0);
      SCOPED_TRACE(arguments.empty() ? "" : arguments.front().second);
      body(opened.pcm.get());
    }
  }
}

TEST(UnsetParams, AreRefusedWhenAlsaLibCannotChoose) {
  for_each_card([](snd_pcm_t* pcm) {
    for (const auto& [period, buffer] : {std::pair<unsigned, unsigned>{250, 1937}, {1000, 5500}}) {
      HwParams params(pcm);
      params.access(SND_PCM_ACCESS_RW_INTERLEAVED);
      params.rate(48000);
      params.period_near(period);
      params.buffer_near(buffer);
      const int answer = params.use();
      EXPECT_TRUE(answer == 0 || answer == -EINVAL) << answer;
      EXPECT_EQ(snd_pcm_state(pcm), answer == 0 ? SND_PCM_STATE_PREPARED : SND_PCM_STATE_OPEN);
    }
  });
}

/// Random parameters. Each one is set or left out. Its value is one that a program may use, right
/// or wrong.
class RandomParams {
 public:
  explicit RandomParams(unsigned seed) : dice_(seed) {}

  int use(snd_pcm_t* pcm) {
    HwParams params(pcm);
    const auto access = one_of({SND_PCM_ACCESS_RW_INTERLEAVED, SND_PCM_ACCESS_MMAP_NONINTERLEAVED,
                                SND_PCM_ACCESS_MMAP_INTERLEAVED, SND_PCM_ACCESS_MMAP_COMPLEX});
    if (perhaps()) params.access(access);
    if (perhaps()) {
      params.format(one_of({SND_PCM_FORMAT_S16_LE, SND_PCM_FORMAT_U8, SND_PCM_FORMAT_S24_3LE,
                            SND_PCM_FORMAT_GSM, SND_PCM_FORMAT_IEC958_SUBFRAME_LE}));
    }
    if (perhaps()) params.channels(one_of({0U, 1U, 2U, 3U, 32U, 33U}));
    if (perhaps()) params.rate(one_of({0U, 1U, 8000U, 44100U, 48000U, 192000U, 768000U}));
    const snd_pcm_uframes_t size = one_of<snd_pcm_uframes_t>({0, 1, 16, 250, 1000, 4800, 1 << 20});
    const unsigned time_us = one_of({0U, 1U, 1000U, 10000U, 500000U});
    if (perhaps()) perhaps() ? params.period_near(size) : params.period_time_near(time_us);
    if (perhaps()) {
      perhaps() ? params.buffer_near(one_of<snd_pcm_uframes_t>({0, 1937, 5500, 1 << 22}))
                : params.buffer_time_near(time_us * one_of({1U, 3U}));
    }
    if (perhaps()) params.periods_near(one_of({0U, 1U, 2U, 3U, 17U, 5000U}));
    return params.use();
  }

 private:
  bool perhaps() { return std::bernoulli_distribution(0.5)(dice_); }
  template <typename Value>
  Value one_of(std::initializer_list<Value> values) {
    return values.begin()[std::uniform_int_distribution<size_t>(0, values.size() - 1)(dice_)];
  }

  std::mt19937 dice_;
};

TEST(UnsetParams, NeverEndTheProgram) {
  static unsigned seed = 0;
  static int taken = 0;
  const ErrorLog log;
  for_each_card([](snd_pcm_t* pcm) {
    for (int i = 0; i < 400; ++i) {
      const int answer = RandomParams(++seed).use(pcm);
      ASSERT_LE(answer, 0) << seed;
      if (answer < 0) continue;
      ++taken;
      snd_pcm_uframes_t buffer = 0;
      snd_pcm_uframes_t period = 0;
      ASSERT_EQ(snd_pcm_get_params(pcm, &buffer, &period), 0);
      ASSERT_GT(std::min(buffer, period), 0U) << seed;
      snd_pcm_start(pcm);
      snd_pcm_avail(pcm);
      ASSERT_EQ(snd_pcm_drop(pcm), 0) << seed;
      ASSERT_EQ(snd_pcm_hw_free(pcm), 0) << seed;
    }
  });
  EXPECT_GT(taken, 100);
}

}  // namespace
}  // namespace dmasim::test
