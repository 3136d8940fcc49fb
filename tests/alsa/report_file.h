// SPDX-License-Identifier: LGPL-2.1-or-later
/// Reads the file that a PCM has written for REPORT.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace dmasim::test {

/// The last line of the file. Throws an exception if a value is missing or has another type.
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
