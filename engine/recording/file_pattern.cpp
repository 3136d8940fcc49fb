// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/recording/file_pattern.h"

#include <unistd.h>

#include <utility>

namespace dmasim {

std::optional<FilePattern> FilePattern::parse(std::string_view text, const Words& words) {
  FilePattern pattern;
  pattern.pieces_.emplace_back();
  for (size_t i = 0; i < text.size(); ++i) {
    std::string& piece = pattern.pieces_.back();
    if (text[i] != '%') {
      piece += text[i];
      continue;
    }
    switch (++i < text.size() ? text[i] : '\0') {
      case 'p':
        piece += std::to_string(getpid());
        break;
      case 'c':
        piece += words.card;
        break;
      case 's':
        piece += words.subdevice;
        break;
      case '%':
        piece += '%';
        break;
      case 'n':
        pattern.pieces_.emplace_back();
        break;
      default:
        return std::nullopt;
    }
  }
  return pattern;
}

FilePattern FilePattern::plain(std::string name) {
  FilePattern pattern;
  pattern.pieces_.push_back(std::move(name));
  return pattern;
}

void FilePattern::make_absolute(const std::string& directory) {
  if (!name(0).starts_with('/')) pieces_.front().insert(0, directory + '/');
}

std::string FilePattern::name(uint64_t count) const {
  std::string name = pieces_.front();
  for (size_t i = 1; i < pieces_.size(); ++i) name += std::to_string(count) + pieces_[i];
  return name;
}

}  // namespace dmasim
