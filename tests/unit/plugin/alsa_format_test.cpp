// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the engine's table of sample formats says is what alsa-lib says.
#include "plugin/pcm/alsa_format.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>

namespace dmasim {
namespace {

TEST(AlsaFormat, EachFormatIsAsAlsaLibHasIt) {
  for (const SampleFacts& facts : kSampleFormats) {
    SCOPED_TRACE(facts.name);
    const snd_pcm_format_t alsa = to_alsa(facts.format);
    EXPECT_STREQ(snd_pcm_format_name(alsa), facts.name);
    EXPECT_EQ(snd_pcm_format_physical_width(alsa), 8 * facts.bytes);
    EXPECT_EQ(snd_pcm_format_width(alsa), facts.bits);
    EXPECT_EQ(snd_pcm_format_float(alsa) == 1,
              facts.kind == SampleKind::float32 || facts.kind == SampleKind::float64);
    EXPECT_EQ(snd_pcm_format_big_endian(alsa) == 1, facts.order == std::endian::big);
    uint64_t silence = 0;
    std::memset(&silence, facts.silence, sizeof silence);
    EXPECT_EQ(snd_pcm_format_silence_64(alsa), silence);
    EXPECT_EQ(from_alsa(alsa), facts.format);
  }
  EXPECT_EQ(from_alsa(SND_PCM_FORMAT_MU_LAW), std::nullopt);
}

}  // namespace
}  // namespace dmasim
