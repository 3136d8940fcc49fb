// SPDX-License-Identifier: LGPL-2.1-or-later
/// The position of a substream: by the clock, by a look at the hardware, and as alsa-lib gets it.
#include <algorithm>

#include "plugin/pcm/substream_state.h"

namespace dmasim {

void SubstreamState::go_to(uint64_t hw_frames, int64_t now_ns) noexcept {
  pointers_.set_hw_frames(hw_frames);
  looked_at_ns_ = now_ns;
}

/// After a pause the clock goes on at an edge of the frame clock. So for up to a frame it may be
/// behind the position at which the pause came.
uint64_t SubstreamState::frames_due(int64_t now_ns) const noexcept {
  return std::max(time_.frames_due(now_ns), pointers_.hw_frames());
}

bool SubstreamState::follow_clock(int64_t now_ns, snd_pcm_uframes_t shown) noexcept {
  if (phase_ != Phase::running || moves_appl_ptr(shown)) return false;
  const uint64_t hw_frames = frames_due(now_ns);
  if (hw_frames >= quiet_until_frames_) return false;
  go_to(hw_frames, now_ns);
  return true;
}

bool SubstreamState::follow_clock_after_write(uint64_t wrote_from, int64_t now_ns) noexcept {
  if (phase_ != Phase::running || silence_is_endless()) return false;
  const uint64_t late_from =
      never_stops() ? wrote_from : std::min(wrote_from, xrun_from_frames(wrote_from));
  const uint64_t hw_frames = frames_due(now_ns);
  if (hw_frames >= late_from) return false;
  go_to(hw_frames, now_ns);
  return true;
}

/// The position of the hardware at which `level` frames are available. It is the present position
/// if they are: `avail` is what is available now.
uint64_t SubstreamState::reaches(snd_pcm_uframes_t level, snd_pcm_uframes_t avail) const noexcept {
  return pointers_.hw_frames() + (level - std::min(level, avail));
}

uint64_t SubstreamState::freerun_to() noexcept {
  if (phase_ == Phase::draining) return drained_at_frames();
  const snd_pcm_uframes_t avail = pointers_.avail();
  const snd_pcm_uframes_t enough = std::min(sw_.avail_min, pointers_.buffer_size());
  return pacer_.go_to(
      {.hw_frames = pointers_.hw_frames(),
       .appl_frames = pointers_.appl_frames(),
       .ready_at_frames = reaches(enough, avail),
       .xrun_at_frames = never_stops() ? UINT64_MAX : reaches(sw_.stop_threshold, avail),
       .period_frames = hw_.period_size});
}

/// The frames that the DMA has put into a playback's FIFO and that have not come out.
uint64_t SubstreamState::fifo_level_frames() const noexcept {
  return playback() ? std::min<uint64_t>(moved_frames_, fifo_frames_) : 0;
}

uint64_t SubstreamState::movable_for(uint64_t to_frames) const noexcept {
  const uint64_t end = playback() ? std::min(to_frames, pointers_.appl_frames()) : to_frames;
  return fifo_level_frames() + end - std::min(end, moved_frames_);
}

uint64_t SubstreamState::reach_of(uint64_t movable_frames) const noexcept {
  const uint64_t level = fifo_level_frames();
  const uint64_t reach = moved_frames_ + movable_frames - std::min(movable_frames, level);
  return std::max(reach, pointers_.hw_frames());
}

bool SubstreamState::rewind_needs_move(snd_pcm_uframes_t shown) const noexcept {
  if (!playback() || !moves_appl_ptr(shown) || pointers_.hw_frames() == moved_frames_) return false;
  Pointers then = pointers_;
  then.show_appl_ptr(shown);
  return then.appl_frames() < pointers_.hw_frames();
}

/// In a playback these slots have older frames, which the hardware has to play before they are
/// overwritten.
bool SubstreamState::slots_are_moved(snd_pcm_uframes_t frames) const noexcept {
  const uint64_t behind = playback() ? pointers_.buffer_size() : 0;
  return pointers_.appl_frames() + frames <= moved_frames_ + behind;
}

/// The position at which an answer to alsa-lib may change next, or the contents of the ring by a
/// rule that needs to know the position. From the program's position on, a playback takes frames
/// that were not written, and a capture overwrites frames that were not read.
uint64_t SubstreamState::quiet_until(bool ready, snd_pcm_uframes_t avail) const noexcept {
  if (phase_ != Phase::running || (playback() && silence_is_endless())) return 0;
  uint64_t until = pointers_.appl_frames() + (playback() ? 0 : pointers_.buffer_size());
  if (!never_stops()) until = std::min(until, reaches(sw_.stop_threshold, avail));
  if (!ready) until = std::min(until, reaches(sw_.avail_min, avail));
  return until;
}

/// The program has not written again where the hardware has passed: it gets the new position only
/// after the silence was filled in.
FrameSpan SubstreamState::moved(const Look& look) noexcept {
  const uint64_t before = moved_frames_;
  moved_frames_ = look.hw_frames;
  go_to(look.hw_frames, look.now_ns);
  past_commit_frames_ = look.past_commit_frames;
  if (!playback() || !silence_is_endless()) return {};
  return Silence::passed(before, look.hw_frames, pointers_.buffer_size());
}

/// The hardware's position, as alsa-lib gets it. While a playback drains it stays before appl_ptr:
/// else alsa-lib would drop the frames that are still in the FIFO.
snd_pcm_uframes_t SubstreamState::position() const noexcept {
  if (phase_ != Phase::draining) return pointers_.hw_ptr();
  const uint64_t appl_frames = pointers_.appl_frames();
  const uint64_t last = appl_frames - std::min<uint64_t>(appl_frames, 1);
  return std::min(pointers_.hw_frames(), last) % pointers_.boundary();
}

/// A playback fills the FIFO from the start on. A capture's first frame has passed a full one.
size_t SubstreamState::in_flight_frames() const noexcept {
  if (!hardware_runs() && phase_ != Phase::paused) return 0;
  const uint64_t hw_frames = pointers_.hw_frames();
  if (playback()) return static_cast<size_t>(std::min<uint64_t>(hw_frames, fifo_frames_));
  return hw_frames > 0 ? fifo_frames_ : 0;
}

std::optional<snd_pcm_uframes_t> SubstreamState::repeated(int64_t now_ns,
                                                          snd_pcm_uframes_t shown) const noexcept {
  if (!last_.is_recent(now_ns) || shown != last_.position().appl_ptr) return std::nullopt;
  return last_.position().answer;
}

snd_pcm_uframes_t SubstreamState::answer(int64_t now_ns) noexcept {
  last_.set({.answer = position(),
             .hw_frames = pointers_.hw_frames(),
             .in_flight_frames = in_flight_frames(),
             .appl_ptr = pointers_.appl_ptr()},
            now_ns);
  return last_.position().answer;
}

/// snd_pcm_status asks for the position and then for the delay. Both answers must be of one moment.
snd_pcm_sframes_t SubstreamState::delay() const noexcept {
  const bool answered = hardware_runs() && last_.is_recent(looked_at_ns_);
  const auto since = static_cast<snd_pcm_sframes_t>(
      answered ? pointers_.hw_frames() - last_.position().hw_frames : 0);
  const snd_pcm_sframes_t lead = pointers_.lead() + since;
  const size_t in_flight = answered ? last_.position().in_flight_frames : in_flight_frames();
  return (playback() ? lead : -lead) + static_cast<snd_pcm_sframes_t>(in_flight);
}

}  // namespace dmasim
