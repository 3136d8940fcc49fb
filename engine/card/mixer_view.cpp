// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/card/mixer_view.h"

#include <new>
#include <utility>

namespace dmasim {
namespace {

constexpr int64_t kLookNs = 1'000'000;
constexpr int64_t kFindNs = 100'000'000;

}  // namespace

/// Makes the directory, because a mixer's file may appear in it later. Does not make the file.
void MixerView::begin() {
  file_ = MixerFile{};
  directory_ = UniqueFd{};
  if (auto directory = place_.open(true)) directory_ = *std::move(directory);
  record_ = MixerRecord::defaults();
  if (find_file()) load();
  look_again_ns_ = clock_->now_ns() + kLookNs;
}

bool MixerView::find_file() noexcept try {
  if (!directory_) return false;
  auto file = MixerFile::open_in(directory_.get(), card_);
  if (!file) return false;
  file_ = *std::move(file);
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

bool MixerView::load() noexcept {
  const auto record = file_.load_if_changed();
  if (record) record_ = *record;
  return record.has_value();
}

bool MixerView::look() noexcept {
  const int64_t now_ns = clock_->now_ns();
  if (now_ns < look_again_ns_) return false;
  const bool there = file_ || find_file();
  look_again_ns_ = now_ns + (there ? kLookNs : kFindNs);
  return there && load();
}

void MixerView::notify_stream() noexcept {
  if (file_ || find_file()) file_.notify_stream();
}

}  // namespace dmasim
