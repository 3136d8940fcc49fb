// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/config/keys.h"

#include <array>
#include <climits>

#include "engine/cable/cable_record.h"
#include "engine/card/mixer_record.h"
#include "engine/pcm/pcm_format.h"
#include "plugin/config/config_values.h"
#include "plugin/config/ctl_config.h"
#include "plugin/config/pcm_config.h"
#include "plugin/pcm/ring_copy.h"

namespace dmasim {
namespace {

using std::string_view;

constexpr unsigned kMaxBufferBytes = 256U << 20;
static_assert(kMaxBufferBytes <= kMostBurstBytes, "a cable takes every buffer");
static_assert(kMixerDevices == 4, "as the text says");

/// "one or more of U8 S16_LE ..., joined by + or ,"
constexpr auto kFormatAccepts = [] {
  std::array<char, 256> text{};
  size_t end = 0;
  const auto append = [&](string_view piece) {
    for (const char letter : piece) text.at(end++) = letter;
  };
  string_view before = "one or more of ";
  for (const SampleFacts& each : kSampleFormats) {
    append(before);
    append(each.name);
    before = " ";
  }
  append(", joined by + or ,");
  text.at(end) = 0;  // the end of a C string
  return text;
}();

constexpr std::array kKeys{
    // It is the first, because the other keys override it.
    Key{.name = "profile",
        .meaning = "the card whose limits apply; a key that gives a limit overrides it",
        .accepts = kProfileNames,
        .by_default = "dmasim",
        .parse_pcm = [](string_view t, PcmConfig& c) { return apply_profile(t, c); }},
    Key{.name = "file",
        .meaning = "the file that the played frames are recorded into",
        .accepts = "a path that ends in .wav, .w64, .flac or .raw, or a FIFO; in it %p (process), "
                   "%n (number of the recording), %c (card), %s (subdevice); write %% for a "
                   "percent sign",
        .by_default = "none: no recording",
        .used_by = UsedBy::playback,
        .parse_pcm = [](string_view t, PcmConfig& c) { return parse_file(t, c.file); }},
    Key{.name = "append",
        .meaning = "whether each recording is added to the end of FILE",
        .accepts = "yes or no",
        .by_default = "no",
        .used_by = UsedBy::playback,
        .parse_pcm = [](string_view t, PcmConfig& c) { return parse_yes_or_no(t, c.append); }},
    Key{.name = "source",
        .meaning = "where the captured frames come from",
        .accepts = "silence, tone:HZ with HZ above 0, up to 384000, counter or a sound file's path",
        .by_default = "silence",
        .used_by = UsedBy::capture,
        .parse_pcm = [](string_view t, PcmConfig& c) { return parse_source(t, c.source); }},
    Key{.name = "cable",
        .meaning = "the cable that a playback writes to and a capture reads from",
        .accepts = "a name of up to 64 letters, digits, '.', '_' and '-', not beginning with '.'",
        .by_default = "none",
        .parse_pcm = [](string_view t, PcmConfig& c) { return parse_cable(t, c.cable); }},
    Key{.name = "card",
        .meaning = "the card's name; PCMs of the same card share its mixer",
        .accepts = "a name of up to 48 letters, digits, '.', '_' and '-', not beginning with '.'",
        .by_default = "dmasim",
        .parse_pcm = [](string_view t, PcmConfig& c) { return parse_card(t, c.card); },
        .parse_ctl = [](string_view t, CtlConfig& c) { return parse_card(t, c.card); }},
    Key{.name = "dev",
        .meaning = "the number of the card's PCM device",
        .accepts = "0 to 31",
        .by_default = "0",
        .parse_pcm = [](string_view t, PcmConfig& c) { return parse_number(t, 0U, 31U, c.dev); }},
    Key{.name = "subdev",
        .meaning = "the number of the device's subdevice; one program at a time can have it",
        .accepts = "a number from 0 on, below SUBDEVICES",
        .by_default = "any that is free; dmasim_loop: 0",
        .parse_pcm =
            [](string_view t, PcmConfig& c) {
              return parse_number(t, 0U, unsigned{INT_MAX}, c.subdev.emplace());
            }},
    Key{.name = "subdevices",
        .meaning = "how many subdevices a device has for each of playback and capture",
        .accepts = "1 to 128",
        .by_default = "32",
        .parse_pcm =
            [](string_view t, PcmConfig& c) {
              c.subdevices_chosen = true;
              return parse_number(t, 1U, kMostSubdevices, c.subdevices);
            }},
    Key{.name = "channels",
        .meaning = "numbers of channels that the card offers",
        .accepts = "N, a list like 2+6, or MIN-MAX with MIN at most MAX, 1 to 32",
        .by_default = "1-8",
        .parse_pcm =
            [](string_view t, PcmConfig& c) {
              c.channels_chosen = true;
              return parse_range_or_list(t, 1, kMaxChannels, c.channels);
            }},
    Key{.name = "rate",
        .meaning = "frame rates that the card offers",
        .accepts = "N, a list like 44100+48000, or MIN-MAX with MIN at most MAX, 4000 to 768000",
        .unit = "Hz",
        .by_default = "4000 and the usual rates",
        .parse_pcm =
            [](string_view t, PcmConfig& c) {
              c.only_usual_rates = false;
              return parse_range_or_list(t, 4000, 768000, c.rate_hz);
            }},
    Key{.name = "format",
        .meaning = "sample formats that the card offers",
        .accepts = kFormatAccepts.data(),
        .by_default = "all but DSD",
        .parse_pcm =
            [](string_view t, PcmConfig& c) {
              c.takes_carried_dsd = false;
              return parse_formats(t, c.formats);
            }},
    Key{.name = "chmap",
        .meaning = "channel maps that the card offers",
        .accepts = "none, or positions like FL+FR, each once, several maps joined by /",
        .by_default = "one for 1, 2, 4, 6, 8 channels",
        .parse_pcm = [](string_view t, PcmConfig& c) { return parse_chmap(t, c.channel_maps); }},
    Key{.name = "period_bytes",
        .meaning = "size of a period; each period ends with an interrupt",
        .accepts = "N, or MIN-MAX with MIN at most MAX, 1 to 134217728",
        .unit = "bytes",
        .by_default = "128-524288",
        .parse_pcm =
            [](string_view t, PcmConfig& c) {
              return parse_range(t, 1, kMaxBufferBytes / 2, c.period_bytes);
            }},
    Key{.name = "buffer_bytes",
        .meaning = "size of the whole buffer",
        .accepts = "N, or MIN-MAX with MIN at most MAX, 2 to 268435456",
        .unit = "bytes",
        .by_default = "256-1048576",
        .parse_pcm =
            [](string_view t, PcmConfig& c) {
              return parse_range(t, 2, kMaxBufferBytes, c.buffer_bytes);
            }},
    Key{.name = "periods",
        .meaning = "number of periods in the buffer",
        .accepts = "N, or MIN-MAX with MIN at most MAX, 1 to 65536",
        .by_default = "2-32",
        .parse_pcm = [](string_view t,
                        PcmConfig& c) { return parse_range(t, 1, 65536, c.periods); }},
    Key{.name = "clock",
        .meaning = "the clock that paces the card",
        .accepts = "realtime, freerun (as fast as the program goes), or xN with N from 0.01 to "
                   "100, that many times as fast as real time",
        .by_default = "realtime; dmasim_fast: freerun",
        .parse_pcm = [](string_view t, PcmConfig& c) { return parse_clock(t, c.clock); }},
    Key{.name = "ppm",
        .meaning = "how much faster than nominal the card's clock runs; negative: slower",
        .accepts = "a whole number from -100000 to 100000",
        .unit = "millionths",
        .by_default = "0",
        .parse_pcm = [](string_view t,
                        PcmConfig& c) { return parse_number(t, -100000, 100000, c.ppm); }},
    Key{.name = "completion",
        .meaning = "completion threads: one for each PCM (channel), or one for the card's PCMs of "
                   "a process (shared)",
        .accepts = "channel or shared",
        .by_default = "channel",
        .parse_pcm = [](string_view t, PcmConfig& c) { return parse_completion(t, c.completion); }},
    Key{.name = "rt_priority",
        .meaning = "real-time priority of the completion threads",
        .accepts = "0 (none) to 99",
        .by_default = "0",
        .parse_pcm = [](string_view t,
                        PcmConfig& c) { return parse_number(t, 0, 99, c.rt_priority); }},
    Key{.name = "fifo",
        .meaning = "depth of the FIFO between DMA and converter",
        .accepts = "0 to 65536",
        .unit = "frames",
        .by_default = "0",
        .parse_pcm = [](string_view t,
                        PcmConfig& c) { return parse_number(t, 0U, 65536U, c.fifo_frames); }},
    Key{.name = "faults",
        .meaning = "what goes wrong on purpose",
        .accepts = "slow_callback=TIME (like 2ms), once",
        .by_default = "none",
        .parse_pcm = [](string_view t,
                        PcmConfig& c) { return parse_faults(t, c.slow_callback_ns); }},
    Key{.name = "queue_ms",
        .meaning = "how long the disk under FILE may stall before frames are lost",
        .accepts = "1 to 60000",
        .unit = "ms",
        .by_default = "500",
        .used_by = UsedBy::playback,
        .parse_pcm = [](string_view t,
                        PcmConfig& c) { return parse_number(t, 1U, 60000U, c.queue_ms); }},
    Key{.name = "flush_ms",
        .meaning = "how long drain and close wait for a disk that writes nothing",
        .accepts = "1 to 600000",
        .unit = "ms",
        .by_default = "2000",
        .used_by = UsedBy::playback,
        .parse_pcm = [](string_view t,
                        PcmConfig& c) { return parse_number(t, 1U, 600000U, c.flush_ms); }},
    Key{.name = "report",
        .meaning = "the file that gets a line of JSON for each closed PCM",
        .accepts = "a path",
        .by_default = "none",
        .parse_pcm = [](string_view t, PcmConfig& c) { return parse_text(t, c.report); }},
    Key{.name = "loop",
        .meaning = "whether each subdevice has a cable of its own, as with dmasim_loop",
        .accepts = "yes or no",
        .by_default = "no",
        .of_blocks_only = true,
        .parse_pcm = [](string_view t, PcmConfig& c) { return parse_yes_or_no(t, c.loop); }},
    Key{.name = "subdevices",
        .meaning = "how many subdevices of a device have loop controls; at most 32 have them",
        .accepts = "1 to 128",
        .by_default = "8",
        .parse_ctl =
            [](string_view t, CtlConfig& c) {
              return parse_number(t, 1U, kMostSubdevices, c.subdevices);
            }},
    Key{.name = "devices",
        .meaning = "how many devices have loop controls",
        .accepts = "1 to 4",
        .by_default = "1",
        .parse_ctl = [](string_view t,
                        CtlConfig& c) { return parse_number(t, 1U, kMixerDevices, c.devices); }},
    Key{.name = kEnvironmentKey,
        .meaning = "whether environment variables set the keys that are not in the block",
        .accepts = "yes or no",
        .by_default = "no",
        .of_blocks_only = true,
        .parse_pcm = [](string_view t, PcmConfig&) { return is_yes_or_no(t); },
        .parse_ctl = [](string_view t, CtlConfig&) { return is_yes_or_no(t); }},
};

}  // namespace

std::span<const Key> keys() noexcept { return kKeys; }

std::string accepted_values(const Key& key) {
  std::string text(key.accepts);
  if (!key.unit.empty()) text.append(" ").append(key.unit);
  return text;
}

/// Not by toupper(), which depends on the locale.
std::string argument_name(string_view key) {
  std::string name(key);
  for (char& letter : name) {
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  }
  return name;
}

}  // namespace dmasim
