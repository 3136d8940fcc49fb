// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/alsa/conformance_table.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sstream>

namespace dmasim::test {
namespace {

constexpr long kQuiet = 0;
constexpr long kReady = 1;
constexpr long kError = 2;

long move_frames(snd_pcm_t* pcm, const PcmSetup& setup, snd_pcm_uframes_t frames) {
  std::vector<std::byte> data((frames + 1) * setup.layout.frame_bytes());
  snd_pcm_nonblock(pcm, 1);
  return snd_pcm_stream(pcm) == SND_PCM_STREAM_PLAYBACK ? snd_pcm_writei(pcm, data.data(), frames)
                                                        : snd_pcm_readi(pcm, data.data(), frames);
}

long drain(snd_pcm_t* pcm, int nonblock) {
  snd_pcm_nonblock(pcm, nonblock);
  return snd_pcm_drain(pcm);
}

long delay(snd_pcm_t* pcm) {
  snd_pcm_sframes_t frames = 0;
  const int error = snd_pcm_delay(pcm, &frames);
  return error < 0 ? error : frames;
}

long avail_of_both(snd_pcm_t* pcm) {
  snd_pcm_sframes_t avail = 0;
  snd_pcm_sframes_t frames = 0;
  const int error = snd_pcm_avail_delay(pcm, &avail, &frames);
  return error < 0 ? error : avail;
}

long poll_now(snd_pcm_t* pcm) {
  pollfd descriptor{};
  unsigned short events = 0;
  if (snd_pcm_poll_descriptors(pcm, &descriptor, 1) != 1) return -EINVAL;
  if (poll(&descriptor, 1, 0) == 0) return kQuiet;
  if (const int error = snd_pcm_poll_descriptors_revents(pcm, &descriptor, 1, &events); error < 0) {
    return error;
  }
  const bool ready = (events & (POLLIN | POLLOUT)) != 0;
  return (events & POLLERR) != 0 ? kError : ready ? kReady : kQuiet;
}

long status_reports_the_state(snd_pcm_t* pcm) {
  snd_pcm_status_t* status = nullptr;
  snd_pcm_status_alloca(&status);
  if (const int error = snd_pcm_status(pcm, status); error < 0) return error;
  return snd_pcm_status_get_state(status) == snd_pcm_state(pcm) ? 0 : -EPROTO;
}

long stamp(snd_pcm_t* pcm) {
  snd_pcm_uframes_t avail = 0;
  snd_htimestamp_t time{};
  return snd_pcm_htimestamp(pcm, &avail, &time);
}

long begin_mmap(snd_pcm_t* pcm) {
  const snd_pcm_channel_area_t* areas = nullptr;
  snd_pcm_uframes_t offset = 0;
  snd_pcm_uframes_t frames = 16;
  return snd_pcm_mmap_begin(pcm, &areas, &offset, &frames);
}

// A shorter way to write the rows.
#define CALL(expression)                              \
  [](snd_pcm_t* pcm, const PcmSetup& setup) -> long { \
    static_cast<void>(setup);                         \
    return expression;                                \
  }

// clang-format off
constexpr ConformanceRow kPlayback[] = {
  //                                                       OPEN       SETUP         empty       full        RUNNING     XRUN           PAUSED      DRAINING
  {"start", CALL(snd_pcm_start(pcm)),                     "EIO        EBADFD        EPIPE       0>RUNNING   EBADFD      EBADFD|EPIPE   EBADFD      EBADFD"},
  {"prepare", CALL(snd_pcm_prepare(pcm)),                 "EIO        0>PREPARED    0           0           EBUSY       0>PREPARED     0>PREPARED  EBUSY"},
  {"reset", CALL(snd_pcm_reset(pcm)),                     "EIO        EBADFD|0      0           0           0           EBADFD|0       0           EBADFD|0"},
  {"drop", CALL(snd_pcm_drop(pcm)),                       "EIO        0             0>SETUP     0>SETUP     0>SETUP     0>SETUP        0>SETUP     0>SETUP"},
  {"drain, not to block", CALL(drain(pcm, 1)),            "EIO        EAGAIN|0      EAGAIN>SETUP EAGAIN>DRAINING EAGAIN>DRAINING EAGAIN>SETUP|0>SETUP EAGAIN>DRAINING|0>SETUP EAGAIN"},
  {"drain", CALL(drain(pcm, 0)),                          "EIO        0             0>SETUP     0>SETUP     0>SETUP     0>SETUP        0>SETUP     0>SETUP"},
  {"pause", CALL(snd_pcm_pause(pcm, 1)),                  "EIO        EBADFD        EBADFD      EBADFD      0>PAUSED    EBADFD         EBADFD      EBADFD"},
  {"release", CALL(snd_pcm_pause(pcm, 0)),                "EIO        EBADFD        EBADFD      EBADFD      EBADFD      EBADFD         0>RUNNING   EBADFD"},
  {"resume", CALL(snd_pcm_resume(pcm)),                   "EIO        EBADFD|0      EBADFD|0    EBADFD|0    EBADFD|0    EBADFD|0       EBADFD|0    EBADFD|0"},
  {"write a period", CALL(move_frames(pcm, setup, setup.period_size)),
                                                          "EIO        EBADFD        period      EAGAIN|0    part        EPIPE          part        EBADFD"},
  {"write nothing", CALL(move_frames(pcm, setup, 0)),     "EIO        0|EBADFD      0           0           0           0              0           0"},
  {"avail_update", CALL(snd_pcm_avail_update(pcm)),       "0          all           all         0           part        EPIPE          part        part"},
  {"avail", CALL(snd_pcm_avail(pcm)),                     "EIO        EBADFD|all    all         0           part        EPIPE          part        part"},
  {"delay", CALL(delay(pcm)),                             "EIO        EBADFD        0           all         part        EPIPE          part        part"},
  {"avail_delay", CALL(avail_of_both(pcm)),               "EIO        EBADFD        all         0           part        EPIPE          part        part"},
  {"hwsync", CALL(snd_pcm_hwsync(pcm)),                   "EIO        EBADFD|0      0           0           0           EPIPE|0        0           0"},
  {"status", CALL(status_reports_the_state(pcm)),         "0          0             0           0           0           0              0           0"},
  {"rewindable", CALL(snd_pcm_rewindable(pcm)),           "EIO        0|EBADFD      0           all         part        0|part         part        part"},
  {"rewind 16", CALL(snd_pcm_rewind(pcm, 16)),            "EIO        EBADFD        0|16        16          16          EPIPE|16       16          16"},
  {"forwardable", CALL(snd_pcm_forwardable(pcm)),         "EIO        all|EBADFD    all         0           part        over|part      part        part"},
  {"forward 16", CALL(snd_pcm_forward(pcm, 16)),          "EIO        EBADFD        16          0|16        16          EPIPE|16       16          16"},
  {"wait 0 ms", CALL(snd_pcm_wait(pcm, 0)),               "1          1             1           0           1           EPIPE          1           0"},
  {"poll", CALL(poll_now(pcm)),                           "error      error         ready       quiet       ready       error          ready       quiet"},
  {"mmap_begin without a map", CALL(begin_mmap(pcm)),     "EBADFD     EBADFD        EBADFD      EBADFD      EBADFD      EBADFD         EBADFD      EBADFD"},
  {"hw_params", CALL(set_hw_params(pcm, setup)),          "0>PREPARED 0>PREPARED    0           0           EBADFD      EBADFD         EBADFD      EBADFD"},
  {"hw_free", CALL(snd_pcm_hw_free(pcm)),                 "0          0>OPEN        0>OPEN      0>OPEN      EBADFD      EBADFD         EBADFD      EBADFD"},
  {"sw_params", CALL(set_sw_params(pcm, setup)),          "EIO        0             0           0           0           0              0           0"},
  {"htimestamp", CALL(stamp(pcm)),                        "EIO        0             0           0           0           EPIPE          0           0"},
  {"recover from EPIPE", CALL(snd_pcm_recover(pcm, -EPIPE, 1)),
                                                          "EIO        0>PREPARED    0           0           EBUSY       0>PREPARED     0>PREPARED  EBUSY"},
  {"nonblock", CALL(snd_pcm_nonblock(pcm, 0)),            "0          0             0           0           0           0              0           0"},
};

constexpr ConformanceRow kCapture[] = {
  //                                                       OPEN       SETUP         empty       -    RUNNING     XRUN           PAUSED      DRAINING
  {"start", CALL(snd_pcm_start(pcm)),                     "EIO        EBADFD        0>RUNNING   -    EBADFD      EBADFD|EPIPE   EBADFD      EBADFD"},
  {"prepare", CALL(snd_pcm_prepare(pcm)),                 "EIO        0>PREPARED    0           -    EBUSY       0>PREPARED     0>PREPARED  0>PREPARED"},
  {"reset", CALL(snd_pcm_reset(pcm)),                     "EIO        EBADFD|0      0           -    0           EBADFD|0       0           EBADFD|0"},
  {"drop", CALL(snd_pcm_drop(pcm)),                       "EIO        0             0>SETUP     -    0>SETUP     0>SETUP        0>SETUP     0>SETUP"},
  {"drain, not to block", CALL(drain(pcm, 1)),            "EIO        EAGAIN|0      EAGAIN|0>SETUP - EAGAIN>DRAINING EAGAIN|0>SETUP EAGAIN>DRAINING|0>SETUP EAGAIN"},
  {"drain", CALL(drain(pcm, 0)),                          "EIO        0             0|0>SETUP   -    0>DRAINING|0>SETUP 0|0>SETUP 0>DRAINING|0>SETUP 0|0>SETUP"},
  {"pause", CALL(snd_pcm_pause(pcm, 1)),                  "EIO        EBADFD        EBADFD      -    0>PAUSED    EBADFD         EBADFD      EBADFD"},
  {"release", CALL(snd_pcm_pause(pcm, 0)),                "EIO        EBADFD        EBADFD      -    EBADFD      EBADFD         0>RUNNING   EBADFD"},
  {"resume", CALL(snd_pcm_resume(pcm)),                   "EIO        EBADFD|0      EBADFD|0    -    EBADFD|0    EBADFD|0       EBADFD|0    EBADFD|0"},
  {"read a period", CALL(move_frames(pcm, setup, setup.period_size)),
                                                          "EIO        EBADFD        EAGAIN|few>RUNNING - part EPIPE          part        EBADFD|part"},
  {"read nothing", CALL(move_frames(pcm, setup, 0)),      "EIO        0|EBADFD      0           -    0           0              0           0"},
  {"avail_update", CALL(snd_pcm_avail_update(pcm)),       "0          0             0           -    part        EPIPE          part        part"},
  {"avail", CALL(snd_pcm_avail(pcm)),                     "EIO        EBADFD|0      0           -    part        EPIPE          part        EBADFD|part"},
  {"delay", CALL(delay(pcm)),                             "EIO        EBADFD        0           -    part        EPIPE          part        EBADFD"},
  {"avail_delay", CALL(avail_of_both(pcm)),               "EIO        EBADFD        0           -    part        EPIPE          part        EBADFD"},
  {"hwsync", CALL(snd_pcm_hwsync(pcm)),                   "EIO        EBADFD|0      0           -    0           EPIPE|0        0           EBADFD|0"},
  {"status", CALL(status_reports_the_state(pcm)),         "0          0             0           -    0           0              0           0"},
  {"rewindable", CALL(snd_pcm_rewindable(pcm)),           "EIO        all|EBADFD    all         -    part        0|all          part        part"},
  {"rewind 16", CALL(snd_pcm_rewind(pcm, 16)),            "EIO        EBADFD        16          -    16          EPIPE|16       16          EBADFD|16"},
  {"forwardable", CALL(snd_pcm_forwardable(pcm)),         "EIO        0|EBADFD      0           -    part        over|0         part        part"},
  {"forward 16", CALL(snd_pcm_forward(pcm, 16)),          "EIO        EBADFD        0|16        -    16          EPIPE|16       16          EBADFD|16"},
  {"wait 0 ms", CALL(snd_pcm_wait(pcm, 0)),               "1          EIO           0           -    1           EPIPE          1           1"},
  {"poll", CALL(poll_now(pcm)),                           "error      error         quiet       -    ready       error          ready       ready"},
  {"mmap_begin without a map", CALL(begin_mmap(pcm)),     "EBADFD     EBADFD        EBADFD      -    EBADFD      EBADFD         EBADFD      EBADFD"},
  {"hw_params", CALL(set_hw_params(pcm, setup)),          "0>PREPARED 0>PREPARED    0           -    EBADFD      EBADFD         EBADFD      EBADFD"},
  {"hw_free", CALL(snd_pcm_hw_free(pcm)),                 "0          0>OPEN        0>OPEN      -    EBADFD      EBADFD         EBADFD      EBADFD"},
  {"sw_params", CALL(set_sw_params(pcm, setup)),          "EIO        0             0           -    0           0              0           0"},
  {"htimestamp", CALL(stamp(pcm)),                        "EIO        0             0           -    0           EPIPE          0           0"},
  {"recover from EPIPE", CALL(snd_pcm_recover(pcm, -EPIPE, 1)),
                                                          "EIO        0>PREPARED    0           -    EBUSY       0>PREPARED     0>PREPARED  0>PREPARED"},
  {"nonblock", CALL(snd_pcm_nonblock(pcm, 0)),            "0          0             0           -    0           0              0           0"},
};
// clang-format on
#undef CALL

struct ErrnoName {
  int number;
  const char* name;
};
constexpr ErrnoName kErrnos[] = {{EAGAIN, "EAGAIN"}, {EBADFD, "EBADFD"}, {EBUSY, "EBUSY"},
                                 {EIO, "EIO"},       {EPIPE, "EPIPE"},   {ENODEV, "ENODEV"},
                                 {EINVAL, "EINVAL"}, {ENOSYS, "ENOSYS"}};

bool is_errno(const std::string& answer, long number) {
  const auto* found = std::find_if(std::begin(kErrnos), std::end(kErrnos),
                                   [&](const ErrnoName& each) { return answer == each.name; });
  return found != std::end(kErrnos) && number == -found->number;
}

bool is_answer(const std::string& answer, long number, const PcmSetup& setup) {
  const auto buffer = static_cast<long>(setup.buffer_size);
  if (answer == "part") return number > 0 && number < buffer;
  if (answer == "few") return number == -EAGAIN || (number > 0 && number < buffer);
  if (answer == "all") return number == buffer;
  if (answer == "over") return number >= buffer;
  if (answer == "period") return number == static_cast<long>(setup.period_size);
  if (answer == "quiet") return number == kQuiet;
  if (answer == "ready") return number == kReady;
  if (answer == "error") return number == kError;
  if (answer.front() == 'E') return is_errno(answer, number);
  return answer == std::to_string(number);
}

}  // namespace

const char* name_of(Situation situation) noexcept {
  constexpr const char* kNames[] = {"Open",    "Setup", "PreparedEmpty", "PreparedFull",
                                    "Running", "Xrun",  "Paused",        "Draining"};
  return kNames[static_cast<size_t>(situation)];
}

std::span<const ConformanceRow> playback_rows() noexcept { return kPlayback; }
std::span<const ConformanceRow> capture_rows() noexcept { return kCapture; }

std::string cell_of(const ConformanceRow& row, Situation situation) {
  std::istringstream words{row.cells};
  std::vector<std::string> all;
  for (std::string word; words >> word;) all.push_back(word);
  EXPECT_EQ(all.size(), kSituations) << row.call;
  all.resize(kSituations, "-");
  return all[static_cast<size_t>(situation)];
}

Expectation::Expectation(const std::string& cell, bool plugin) {
  const size_t bar = cell.find('|');
  plugin_differs_ = bar != std::string::npos;
  text_ = plugin_differs_ && plugin ? cell.substr(bar + 1) : cell.substr(0, bar);
  const size_t arrow = text_.find('>');
  answer_ = text_.substr(0, arrow);
  if (arrow != std::string::npos) state_ = text_.substr(arrow + 1);
}

bool Expectation::holds(const Outcome& outcome, snd_pcm_state_t before,
                        const PcmSetup& setup) const {
  const std::string state = state_.empty() ? snd_pcm_state_name(before) : state_;
  return is_answer(answer_, outcome.answer, setup) && state == snd_pcm_state_name(outcome.state);
}

std::string describe(const Outcome& outcome) {
  const auto* found =
      std::find_if(std::begin(kErrnos), std::end(kErrnos),
                   [&](const ErrnoName& each) { return outcome.answer == -each.number; });
  const std::string answer =
      found != std::end(kErrnos) ? found->name : std::to_string(outcome.answer);
  return answer + ">" + snd_pcm_state_name(outcome.state);
}

}  // namespace dmasim::test
