// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a PCM wrote into the file of its REPORT.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace dmasim::test {

/// The last line of the file. What is not there, or is of another type, is thrown as an exception.
class ReportLine {
 public:
  explicit ReportLine(const std::filesystem::path& path);

  [[nodiscard]] int64_t number(const std::string& key) const;
  [[nodiscard]] std::vector<int64_t> numbers(const std::string& key) const;
  [[nodiscard]] std::string text(const std::string& key) const;
  [[nodiscard]] bool is_null(const std::string& key) const;
  [[nodiscard]] double real(const std::string& key, const std::string& part) const;

 private:
  struct Parsed;
  std::shared_ptr<const Parsed> parsed_;
};

}  // namespace dmasim::test
